/**
 * Small messages between actors on two threads, with credits, lanes and accounting, beside frames of bare
 * messages encoded once and transferred, and beside a `postMessage` for each.
 */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createSystem } from '../../runtime/index.ts'
import { BareThread } from '../bare-threads.ts'
import type { BenchCase, Contestant } from '../bench-case.ts'
import { nodePeer } from '../peers/index.ts'
import { must, rate } from '../timing.ts'

const Counter = contract('counter', { add: message<number>(), total: message<void, number>() })
const Sender = contract('sender', { send: message<number>() })

const counter = actor(Counter, {
  pin: 'there',
  mailbox: { capacity: 1_000_000 },
  state: () => ({ total: 0 }),
  on: {
    add(ctx, by) {
      ctx.state.total += by
    },
    total: (ctx) => ctx.state.total,
  },
})
const sender = actor(Sender, {
  pin: 'here',
  on: {
    async send(ctx, count) {
      const to = ctx.ref(Counter, 'c')
      const arrivals: Promise<void>[] = []
      for (let sent = 0; sent < count; sent += window) {
        for (let i = 1; i < window; i += 1) to.tell.add(1)
        // The last of a window says that all before it have arrived.
        arrivals.push(to.deliver.add(1))
        if (arrivals.length >= windows) await arrivals.shift()
      }
      await Promise.all(arrivals)
    },
  },
})
const remote = app(import.meta.url, { actors: [counter, sender] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default remote

/** Messages between two acknowledgements, and how many of those are out: less than a link's credit. */
const window = 200
const windows = 4

export const tellRemote: BenchCase = {
  name: 'tell-remote',
  what: 'small messages from an actor to one on another thread',
  unit: 'messages/s',
  better: 'higher',
  gate: [{ ratioToBound: 0.6 }, { ratioTo: 'a postMessage for each', wanted: 5 }],
  async prepare(quick) {
    const count = quick ? 10_000 : 400_000
    const system = await createSystem(remote, { workers: 1, development: false })
    let sent = 0
    const ours: Contestant = {
      name: 'troupe',
      async round() {
        const figure = await rate(count, async () => {
          await system.ref(Sender, 's').ask.send(count, { within: 600_000 })
          sent += count
          const total = await system.ref(Counter, 'c').ask.total(undefined, { within: 600_000 })
          must(total === sent, () => `expected a total of ${sent}, got ${total}`)
        })
        return figure
      },
    }
    const frames = await bareSending('frames, transferred', 'frameSender', 'frameCounter', count)
    const posts = await bareSending('a postMessage for each', 'postSender', 'postCounter', count)
    return {
      ours,
      bounds: [frames, posts],
      peers: [nodePeer('piscina', 'counting', quick ? 500 : 20_000)],
      async close() {
        await system.close()
        await Promise.all([frames.end(), posts.end()])
      },
    }
  },
}

type Bare = Contestant & { end(): Promise<void> }

async function bareSending(
  name: string,
  from: 'frameSender' | 'postSender',
  to: 'frameCounter' | 'postCounter',
  count: number,
): Promise<Bare> {
  const [sending, counting] = await BareThread.pair({ role: from }, { role: to })
  let sent = 0
  return {
    name,
    round: () =>
      rate(count, async () => {
        await sending.ask(count)
        sent += count
        const total = await counting.ask(0)
        must(total === sent, () => `${name}: expected ${sent}, got ${String(total)}`)
      }),
    end: async () => void (await Promise.all([sending.end(), counting.end()])),
  }
}
