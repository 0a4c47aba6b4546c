/**
 * One topic with 1,000 subscribers on two hosts, beside one frame per host, encoded once, and as many bare
 * deliveries: an object, a mailbox, a run queue, a call (`bare-actors.ts`).
 */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { encodeFrame } from '../../persistence/codec.ts'
import { createSystem, type System } from '../../runtime/index.ts'
import { BareThread } from '../bare-threads.ts'
import type { BenchCase } from '../bench-case.ts'
import { must, rate } from '../timing.ts'

const Watcher = contract('watcher', {
  join: message<void, number>(),
  priced: message<{ symbol: string; price: number }>(),
  seen: message<void, number>(),
})
const watcher = actor(Watcher, {
  state: () => ({ seen: 0 }),
  on: {
    join(ctx) {
      ctx.subscribe('prices.*', 'priced')
      return ctx.state.seen
    },
    priced(ctx) {
      ctx.state.seen += 1
    },
    seen: (ctx) => ctx.state.seen,
  },
})
const market = app(import.meta.url, { actors: [watcher] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default market

const subscribers = 1_000
const hosts = 2
/** Events that are out before the sender waits for quiet: less than a link's credit. */
const together = 100

export const fanOut: BenchCase = {
  name: 'fan-out',
  what: 'one topic, 1,000 subscribers on two hosts',
  unit: 'deliveries/s',
  better: 'higher',
  gate: { ratioToBound: 0.6 },
  async prepare(quick) {
    const events = quick ? 100 : 1_000
    const system = await createSystem(market, { workers: hosts, development: false })
    const names = Array.from({ length: subscribers }, (_, i) => `w${i}`)
    await Promise.all(names.map((name) => system.ref(Watcher, name).ask.join()))
    const threads = await Promise.all(
      Array.from({ length: hosts }, () =>
        BareThread.start({ role: 'fanOut', actors: subscribers / hosts }),
      ),
    )
    let published = 0
    let bare = 0
    return {
      ours: {
        name: 'troupe',
        async round() {
          const figure = await rate(events * subscribers, () => publishAll(system, events))
          published += events
          await checkAll(system, names, published)
          return figure
        },
      },
      bounds: [
        {
          name: 'a frame per host and a bare delivery per subscriber',
          async round() {
            let seen = 0
            const figure = await rate(events * subscribers, async () => {
              seen = await bareFanOut(threads, events)
            })
            bare += events * subscribers
            must(seen === bare, () => `the bare actors have seen ${seen} of ${bare}`)
            return figure
          },
        },
      ],
      async close() {
        await system.close()
        await Promise.all(threads.map((thread) => thread.end()))
      },
    }
  },
}

async function publishAll(system: System, events: number): Promise<void> {
  for (let sent = 0; sent < events; sent += together) {
    for (let i = 0; i < together; i += 1) {
      system.publish('prices.tea', { symbol: 'tea', price: i })
    }
    await system.quiet()
  }
}

async function checkAll(system: System, names: readonly string[], expected: number): Promise<void> {
  const seen = await Promise.all(names.map((name) => system.ref(Watcher, name).ask.seen()))
  const wrong = seen.findIndex((count) => count !== expected)
  must(wrong < 0, () => `${names[wrong]} has seen ${seen[wrong]} of ${expected}`)
}

/** How much the bare actors have seen since they began. */
async function bareFanOut(threads: readonly BareThread[], events: number): Promise<number> {
  let seen: unknown[] = []
  for (let sent = 0; sent < events; sent += together) {
    const items = Array.from({ length: together }, (_, i) => ['prices.tea', i])
    const frame = encodeFrame(items)
    seen = await Promise.all(
      threads.map((thread) => {
        const copy = frame.slice()
        return thread.ask(copy, [copy.buffer])
      }),
    )
  }
  return (seen as number[]).reduce((total, count) => total + count, 0)
}
