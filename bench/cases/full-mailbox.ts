/** Messages that a full mailbox turns away, each a dead letter, beside texts kept in a ring. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createSystem } from '../../runtime/index.ts'
import type { BenchCase, Contestant } from '../bench-case.ts'

const Counter = contract('counter', { add: message<{ amount: number }>() })
const counter = actor(Counter, { mailbox: { capacity: 16 }, on: { add: () => undefined } })
const bench = app(import.meta.url, { actors: [counter] })

export const fullMailbox: BenchCase = {
  name: 'full-mailbox',
  what: 'messages that a full mailbox turns away, each a dead letter',
  unit: 'messages/s',
  better: 'higher',
  async prepare(quick) {
    const system = await createSystem(bench, { workers: 0, development: false })
    const count = quick ? 2_000 : 200_000
    const ours: Contestant = {
      name: 'troupe',
      round() {
        const before = system.deadLetters.total
        const ref = system.ref(Counter, 'c')
        const start = performance.now()
        for (let amount = 0; amount < count; amount += 1) ref.tell.add({ amount })
        const seconds = (performance.now() - start) / 1_000
        const letters = system.deadLetters.total - before
        if (letters < count - 16) throw new Error(`expected a letter each, got ${letters}`)
        return {
          figure: count / seconds,
          facts: { 'rss MiB': process.memoryUsage().rss / 2 ** 20 },
        }
      },
    }
    return { ours, bounds: [ringOf(count)], close: async () => void (await system.close()) }
  },
}

/** The newest ten thousand kept as JSON, the rest forgotten. */
function ringOf(count: number): Contestant {
  return {
    name: 'JSON in a ring',
    round() {
      const kept: string[] = new Array(10_000)
      const start = performance.now()
      for (let amount = 0; amount < count; amount += 1) {
        kept[amount % kept.length] = JSON.stringify({ to: 'counter/c', payload: { amount } })
      }
      return (count * 1_000) / (performance.now() - start)
    },
  }
}
