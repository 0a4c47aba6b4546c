/** A process that is killed while a durable actor watches a volatile one. */
import { createSystem } from '../../runtime/main/create-system.ts'
import ends, { Guest, Watcher } from './ends.app.ts'

const [store] = process.argv.slice(2) as [string]

async function run(): Promise<void> {
  const system = await createSystem(ends, { workers: 0, store, log: () => undefined })
  await system.ref(Guest, 'g').ask.greet()
  await system.ref(Watcher, 'w').ask.watch({ type: 'guest', key: 'g' })
  process.kill(process.pid, 'SIGKILL')
}

await run()
