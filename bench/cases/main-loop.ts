/**
 * How late the main thread's event loop is while all hosts burn CPU (S1), beside bare threads that burn the
 * same. A look is due every ms; one that is missed counts with all the looks that it kept from happening.
 */
import { availableParallelism } from 'node:os'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { Latency } from '../../runtime/bench/latency.ts'
import { createSystem, type System } from '../../runtime/index.ts'
import { BareThread } from '../bare-threads.ts'
import type { BenchCase, Round } from '../bench-case.ts'
import { burn, burnRounds } from '../burn.ts'
import { must } from '../timing.ts'

const Burner = contract('burner', { burn: message<{ tasks: number }, number>() })
const burner = actor(Burner, {
  on: {
    burn(ctx, { tasks }) {
      burn(burnRounds)
      if (tasks > 1) ctx.ref(Burner, ctx.self.key).tell.burn({ tasks: tasks - 1 })
      return tasks
    },
  },
})
const burners = app(import.meta.url, { actors: [burner] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default burners

const threads = availableParallelism()
/** Actors that burn; many, so that every host has some. */
const actors = 16 * threads

export const mainLoop: BenchCase = {
  name: 'main-loop',
  what: 'delay of the main thread’s event loop while as many hosts as cores burn CPU',
  unit: 'ms, p99',
  better: 'lower',
  gate: { limit: 10 },
  quiet: true,
  rounds: 5,
  async prepare(quick) {
    const system = await createSystem(burners, { workers: threads, development: false })
    const bare = await Promise.all(
      Array.from({ length: threads }, () => BareThread.start({ role: 'burn' })),
    )
    const ms = quick ? 300 : 3_000
    return {
      ours: { name: 'troupe', round: () => ours(system, ms) },
      bounds: [
        {
          name: 'bare threads',
          async round() {
            const burning = bare.map((thread) =>
              thread.ask({ tasks: tasksIn(ms), rounds: burnRounds }),
            )
            const found = await lateness(ms)
            await Promise.all(burning)
            return found
          },
        },
      ],
      async close() {
        await system.close()
        await Promise.all(bare.map((thread) => thread.end()))
      },
    }
  },
}

/** More than a thread can do in the time, less than what makes the round twice as long. */
function tasksIn(ms: number): number {
  const start = performance.now()
  for (let i = 0; i < 10; i += 1) burn(burnRounds)
  return Math.ceil(ms / ((performance.now() - start) / 10))
}

async function ours(system: System, ms: number): Promise<Round> {
  const before = system.stats().total.processed
  const tasks = Math.ceil((tasksIn(ms) * threads) / actors)
  for (let i = 0; i < actors; i += 1) system.ref(Burner, `b${i}`).tell.burn({ tasks })
  const found = await lateness(ms)
  await system.quiet()
  const done = system.stats().total.processed - before
  must(done === tasks * actors, () => `${done} of ${tasks * actors} tasks were done`)
  return found
}

/** Looks every ms for so long. */
function lateness(ms: number): Promise<Round> {
  const latency = new Latency()
  const start = performance.now()
  let due = start + 1
  return new Promise((resolve) => {
    const look = (): void => {
      const now = performance.now()
      for (; due <= now; due += 1) latency.record(now - due)
      if (now - start < ms) setTimeout(look, 1)
      else resolve({ figure: latency.percentile(99), latency })
    }
    setTimeout(look, 1)
  })
}
