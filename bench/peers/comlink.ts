/** comlink 4: a proxy of an object in a worker thread; one postMessage each way per call. */
import { Worker } from 'node:worker_threads'
import { library, type PeerModule, perSecond } from './peer.ts'

interface Comlink {
  wrap(endpoint: unknown): { echo(value: number): Promise<number> }
}

const worker = new URL('./comlink-worker.ts', import.meta.url)

/** Sequential calls; ms of the median one. */
async function ask(size: number): Promise<number> {
  const { wrap } = await library<Comlink>('comlink')
  const { default: endpoint } = await library<{ default: (worker: Worker) => unknown }>(
    'comlink/dist/umd/node-adapter.js',
  )
  const thread = new Worker(worker)
  try {
    const remote = wrap(endpoint(thread))
    await remote.echo(0)
    const times: number[] = []
    for (let value = 0; value < size; value += 1) {
      const start = performance.now()
      if ((await remote.echo(value)) !== value) throw new Error('comlink answered something else')
      times.push(performance.now() - start)
    }
    return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN
  } finally {
    await thread.terminate()
  }
}

/** Calls in flight together, per second. */
async function calls(size: number): Promise<number> {
  const { wrap } = await library<Comlink>('comlink')
  const { default: endpoint } = await library<{ default: (worker: Worker) => unknown }>(
    'comlink/dist/umd/node-adapter.js',
  )
  const thread = new Worker(worker)
  try {
    const remote = wrap(endpoint(thread))
    await remote.echo(0)
    const start = performance.now()
    const answers = await Promise.all(Array.from({ length: size }, (_, i) => remote.echo(i)))
    if (answers.at(-1) !== size - 1) throw new Error('comlink answered something else')
    return perSecond(size, start)
  } finally {
    await thread.terminate()
  }
}

export const works: PeerModule['works'] = { ask, calls }
