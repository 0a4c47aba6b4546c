/** The app of the tests of order over threads: told in memory, delivered through the store. */
import { BroadcastChannel } from 'node:worker_threads'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'

export const Keeper = contract('keeper', {
  take: message<number>(),
  all: message<void, number[]>(),
  /** Says `holding` on a channel, and ends its turn when somebody answers. */
  hold: message<string>(),
})
export const Sender = contract('sender', {
  /** Tells or delivers one number after the other, outside of its slice. */
  send: message<{ to: string; from: number; ways: readonly ('tell' | 'deliver')[] }, void>(),
})

const keeper = actor(Keeper, {
  durable: true,
  state: (): { all: number[] } => ({ all: [] }),
  mailbox: { capacity: 1 },
  on: {
    take: (ctx, n) => void ctx.state.all.push(n),
    async hold(_ctx, name) {
      const channel = new BroadcastChannel(name)
      channel.postMessage('holding')
      await new Promise((resolve) => {
        channel.onmessage = resolve
      })
      channel.close()
    },
  },
  reads: { all: (ctx) => [...ctx.state.all] },
})

const sender = actor(Sender, {
  on: {
    async send(ctx, { to, from, ways }) {
      const target = ctx.ref(Keeper, to)
      await undefined
      for (const [i, way] of ways.entries()) await target[way].take(from + i)
    },
  },
})

// biome-ignore lint/style/noDefaultExport: every thread finds the app as its module's default
export default app(import.meta.url, { actors: [keeper, sender] })
