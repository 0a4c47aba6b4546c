/**
 * A system of 10,000 actors with nothing due (S4): how often its threads and the calling one wake in ten
 * seconds, and what CPU that takes. As many bare threads wait for a message in the same process; what they
 * wake in the same ten seconds is V8's own (timers of its collector in every thread that has been at work)
 * and is taken off. V8's helpers, which every Node process has, are counted for nobody.
 *
 * A wake-up is a voluntary context switch of a thread, as Linux counts them: elsewhere the case fails and
 * says so.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createSystem } from '../../runtime/index.ts'
import { BareThread } from '../bare-threads.ts'
import type { BenchCase, Round } from '../bench-case.ts'
import { TempFolder } from '../temp-folder.ts'
import { must } from '../timing.ts'

const messages = { count: message<void, number>() }
const Durable = contract('durable', messages)
const Volatile = contract('volatile', messages)
const counting = app(import.meta.url, {
  actors: [
    actor(Durable, {
      durable: true,
      // Passivation is due at some time: not within the measurement.
      passivateAfter: 3_600_000,
      state: () => ({ count: 0 }),
      on: { count: (ctx) => (ctx.state.count += 1) },
    }),
    actor(Volatile, {
      state: () => ({ count: 0 }),
      on: { count: (ctx) => (ctx.state.count += 1) },
    }),
  ],
})

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default counting

const hosts = 2
/** Hosts, the store's and the archivist's. */
const threads = hosts + 2

export const idle: BenchCase = {
  name: 'idle',
  what: '10,000 actors with nothing to do for ten seconds',
  unit: 'wake-ups',
  better: 'lower',
  gate: [{ limit: 0 }, { fact: '% of a core', limit: 0.1 }],
  quiet: true,
  rounds: 3,
  async prepare(quick) {
    const folder = new TempFolder()
    const actors = quick ? 100 : 10_000
    const ms = quick ? 500 : 10_000
    const base = threadsNow()
    // The first thread of a process has its number; what else is there by now is V8's.
    const helpers = base.filter((task) => task !== String(process.pid))
    const system = await createSystem(counting, {
      workers: hosts,
      store: folder.file('a.db'),
      development: false,
    })
    const ours = new Set(threadsNow().filter((task) => !base.includes(task)))
    const bare = await Promise.all(
      Array.from({ length: threads }, () => BareThread.start({ role: 'echo' })),
    )
    const bares = new Set(threadsNow().filter((task) => !base.includes(task) && !ours.has(task)))
    const together = 500
    let asked = 0
    let ofBare = 0
    return {
      ours: {
        name: 'troupe',
        async round() {
          for (let first = 0; first < actors; first += together) {
            const found = await Promise.all(
              Array.from({ length: Math.min(together, actors - first) }, (_, i) =>
                system.ref(i % 2 ? Durable : Volatile, `a${first + i}`).ask.count(),
              ),
            )
            must(
              found.every((count) => count === asked + 1),
              () => 'an actor lost count',
            )
          }
          asked += 1
          await system.quiet()
          await Promise.all(bare.map((thread) => thread.ask(1)))
          const found = await wakeUps(ms, new Set([...helpers, ...bares]), bares)
          ofBare = found.ofBare
          return found.round
        },
      },
      bounds: [
        {
          name: 'bare threads',
          // Counted in the same seconds as ours.
          round: () => ofBare,
        },
      ],
      async close() {
        await system.close()
        await Promise.all(bare.map((thread) => thread.end()))
        folder.remove()
      },
    }
  },
}

/** Ms after work until what it left (timers of the collector, a checkpoint) is over. */
const settling = 3_000

/**
 * In so many ms; the one wake-up that ends the wait is ours and not counted.
 * @param others threads that are not ours
 * @param bares those of them whose wake-ups are taken off
 */
async function wakeUps(
  ms: number,
  others: ReadonlySet<string>,
  bares: ReadonlySet<string>,
): Promise<{ readonly round: Round; readonly ofBare: number }> {
  await sleep(Math.min(settling, ms))
  const isOurs = (task: string): boolean => !others.has(task)
  const isBare = (task: string): boolean => bares.has(task)
  const before = [activity(isOurs), activity(isBare)] as const
  await sleep(ms)
  const after = [activity(isOurs), activity(isBare)] as const
  const own = after[0].switches - before[0].switches - 1
  const ofBare = after[1].switches - before[1].switches
  const facts = {
    'wake-ups with V8’s': own,
    '% of a core': ((after[0].cpuMs - before[0].cpuMs) / ms) * 100,
  }
  return { round: { figure: Math.max(0, own - ofBare), facts }, ofBare }
}

const tasks = '/proc/self/task'

function threadsNow(): readonly string[] {
  return readdirSync(tasks)
}

/** Voluntary context switches and time on a core, of these threads. */
function activity(isCounted: (task: string) => boolean): { switches: number; cpuMs: number } {
  const own = threadsNow().filter(isCounted)
  const sum = (pick: (task: string) => number): number =>
    own.reduce((total, task) => total + pick(task), 0)
  const read = (task: string, file: string): string =>
    readFileSync(`${tasks}/${task}/${file}`, 'utf8')
  return {
    switches: sum((task) =>
      Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(read(task, 'status'))?.[1]),
    ),
    cpuMs: sum((task) => Number(read(task, 'schedstat').split(' ')[0]) / 1_000_000),
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
