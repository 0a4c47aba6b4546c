/** Handlers that burn CPU, on two hosts and on one, beside bare threads that burn the same. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createSystem } from '../../runtime/index.ts'
import { BareThread } from '../bare-threads.ts'
import type { BenchCase, Contestant } from '../bench-case.ts'
import { burn, burnRounds } from '../burn.ts'
import { nodePeer } from '../peers/index.ts'
import { must, rate } from '../timing.ts'

const Burner = contract('burner', { burn: message<{ rounds: number }, number>() })
const burner = actor(Burner, { on: { burn: (_, { rounds }) => burn(rounds) } })
const burners = app(import.meta.url, { actors: [burner] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default burners

/** One actor each: enough that their hash spreads them evenly. */
const tasks = 600

export const parallel: BenchCase = {
  name: 'parallel',
  what: 'handlers that burn CPU, on two hosts',
  unit: 'tasks/s',
  better: 'higher',
  gate: { ratioTo: 'troupe, one host', wanted: 1.8 },
  async prepare(quick) {
    const count = quick ? 40 : tasks
    const expected = burn(burnRounds)
    const two = await oursOn(2, count, expected)
    const one = await oursOn(1, count, expected)
    const threads = await Promise.all([1, 2].map(() => BareThread.start({ role: 'burn' })))
    const bare = (name: string, used: readonly BareThread[]): Contestant => ({
      name,
      round: () =>
        rate(count, async () => {
          const ask = { tasks: count / used.length, rounds: burnRounds }
          const found = await Promise.all(used.map((thread) => thread.ask(ask)))
          must(
            found.every((value) => value === expected),
            () => `${name} burnt ${String(found)}`,
          )
        }),
    })
    return {
      ours: two,
      others: [{ ...one, bound: 'one bare thread' }],
      bounds: [bare('two bare threads', threads), bare('one bare thread', threads.slice(0, 1))],
      peers: [nodePeer('piscina', 'parallel', count)],
      async close() {
        await Promise.all([two.end(), one.end(), ...threads.map((thread) => thread.end())])
      },
    }
  },
}

async function oursOn(
  workers: number,
  count: number,
  expected: number,
): Promise<Contestant & { end(): Promise<unknown> }> {
  const system = await createSystem(burners, { workers, development: false })
  return {
    name: workers === 1 ? 'troupe, one host' : 'troupe',
    round: () =>
      rate(count, async () => {
        const found = await Promise.all(
          Array.from({ length: count }, (_, i) =>
            system.ref(Burner, `b${i}`).ask.burn({ rounds: burnRounds }),
          ),
        )
        must(
          found.every((value) => value === expected),
          () => 'a handler burnt something else',
        )
      }),
    end: () => system.close(),
  }
}
