/** One ask after the other to an actor of the same thread. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createSystem } from '../../runtime/index.ts'
import type { BenchCase } from '../bench-case.ts'
import { erlangPeer, nodePeer } from '../peers/index.ts'
import { must, rate } from '../timing.ts'

const Echo = contract('echo', { say: message<number, number>() })
const Asker = contract('asker', { ask: message<number, number>() })
const echo = actor(Echo, { on: { say: (_, value) => value } })
const asker = actor(Asker, {
  on: {
    async ask(ctx, count) {
      const to = ctx.ref(Echo, 'e')
      for (let i = 0; i < count; i += 1) {
        const got = await to.ask.say(i)
        must(got === i, () => `expected ${i}, got ${got}`)
      }
      return count
    },
  },
})
const echoes = app(import.meta.url, { actors: [echo, asker] })

export const askLocal: BenchCase = {
  name: 'ask-local',
  what: 'one ask after the other between two actors of one thread',
  unit: 'asks/s',
  better: 'higher',
  gate: { ratioTo: 'nact', wanted: 5, aim: true },
  async prepare(quick) {
    const system = await createSystem(echoes, { workers: 0, development: false })
    const count = quick ? 2_000 : 100_000
    return {
      ours: {
        name: 'troupe',
        round: () =>
          rate(count, async () => {
            const done = await system.ref(Asker, 'a').ask.ask(count, { within: 600_000 })
            must(done === count, () => `${done} of ${count} asks were answered`)
          }),
      },
      bounds: [
        {
          name: 'a promise and a setImmediate',
          round: () =>
            rate(count, async () => {
              for (let i = 0; i < count; i += 1) await turnOfTheLoop(i)
            }),
        },
      ],
      peers: [erlangPeer('ask', count), nodePeer('nact', 'ask', count)],
      close: async () => void (await system.close()),
    }
  },
}

function turnOfTheLoop(value: number): Promise<number> {
  return new Promise((resolve) => setImmediate(() => resolve(value)))
}
