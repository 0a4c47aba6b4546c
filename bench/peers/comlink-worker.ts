/** The other side of the comlink peer. */
import { parentPort } from 'node:worker_threads'
import { library } from './peer.ts'

interface Comlink {
  expose(value: unknown, endpoint: unknown): void
}

const { expose } = await library<Comlink>('comlink')
const { default: endpoint } = await library<{ default: (port: unknown) => unknown }>(
  'comlink/dist/umd/node-adapter.js',
)
expose({ echo: (value: number) => value }, endpoint(parentPort))
