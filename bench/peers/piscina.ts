/** piscina 5: a task per unit of work on a pool of threads. */
import { fileURLToPath } from 'node:url'
import { library, type PeerModule, perSecond } from './peer.ts'

interface Pool {
  run(task: unknown): Promise<unknown>
  destroy(): Promise<void>
}
type PiscinaModule = { readonly Piscina: new (options: unknown) => Pool }

const filename = fileURLToPath(new URL('./piscina-worker.ts', import.meta.url))

/** Tasks that burn CPU, on two threads: tasks per second. */
async function parallel(size: number): Promise<number> {
  const { Piscina } = await library<PiscinaModule>('piscina')
  const pool = new Piscina({ filename, minThreads: 2, maxThreads: 2 })
  try {
    await Promise.all([pool.run({ rounds: 1 }), pool.run({ rounds: 1 })])
    const start = performance.now()
    await Promise.all(Array.from({ length: size }, () => pool.run({})))
    return perSecond(size, start)
  } finally {
    await pool.destroy()
  }
}

/** Tasks that do nothing but count: tasks per second. */
async function counting(size: number): Promise<number> {
  const { Piscina } = await library<PiscinaModule>('piscina')
  const pool = new Piscina({ filename, minThreads: 1, maxThreads: 1, concurrentTasksPerWorker: 64 })
  try {
    await pool.run({ rounds: 1 })
    const start = performance.now()
    await Promise.all(Array.from({ length: size }, () => pool.run({ rounds: 0 })))
    return perSecond(size, start)
  } finally {
    await pool.destroy()
  }
}

export const works: PeerModule['works'] = { parallel, counting }
