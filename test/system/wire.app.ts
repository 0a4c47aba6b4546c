/** The app of the tests of what crosses threads. */
import { BroadcastChannel, receiveMessageOnPort } from 'node:worker_threads'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message, stream } from '../../actors/message.ts'
import type { Address } from '../../mailbox/address.ts'
import { TroupeError } from '../../mailbox/errors.ts'

export const Log = contract('log', {
  /** Remembers what arrives, in order. */
  put: message<{ from: string; n: number }>(),
  read: message<void, { from: string; n: number }[]>(),
  /** Tells the other `count` numbers, as fast as it can. */
  flood: message<{ to: string; count: number }, string[]>(),
  /** Delivers them one after the other. */
  deliver: message<{ to: string; count: number }, number>(),
  /** Blocks its thread, in ms. */
  burn: message<number>(),
  /** Says `burning` on a channel and blocks its thread until somebody says `stop` there. */
  burnUntilTold: message<string>(),
  /** Delivers as `deliver`, from `go` on a channel, and says `done` there. */
  between: message<{ to: string; count: number; channel: string }>(),
  refs: message<Address, string>(),
  isMain: message<void, boolean>(),
  thread: message<void, number>(),
})

export const Asker = contract('asker', {
  /** Asks along a path of keys; the last one answers. */
  along: message<readonly string[], string>(),
  /** Waits on a channel until the other one's turn has begun too, then asks it. */
  cross: message<{ to: string; channel: string }, string>(),
  fail: message<void, string>(),
  failsBeside: message<string, string>(),
  bad: message<void, { list: number[] }>(),
  tellBad: message<string, string>(),
})

export const Feed = contract('feed', {
  numbers: stream<number, number, string>(),
  breaks: stream<number, number, string>(),
  produced: message<void, number>(),
  /** Reads another feed's stream. */
  reads: message<{ from: string; to: number }, number>(),
})

export const Listener = contract('listener', {
  listen: message<string>(),
  heard: message<number>(),
  all: message<void, number[]>(),
})
export const Keeper = contract('keeper', {
  listen: message<string>(),
  heard: message<number>(),
  all: message<void, number[]>(),
  say: message<{ topic: string; payload: number }>(),
})

const threadId = async (): Promise<number> => (await import('node:worker_threads')).threadId

/** Resolves when somebody on another thread has come to the same channel. */
async function meet(name: string): Promise<void> {
  const channel = new BroadcastChannel(name)
  const met = new Promise((resolve) => {
    channel.onmessage = resolve
  })
  channel.postMessage('here')
  await met
  // Whoever came second has not heard the first call.
  channel.postMessage('here')
  channel.close()
}

const log = actor(Log, {
  state: () => ({ seen: [] as { from: string; n: number }[] }),
  mailbox: { capacity: 100_000 },
  on: {
    put: (ctx, entry) => void ctx.state.seen.push(entry),
    read: (ctx) => [...ctx.state.seen],
    flood(ctx, { to, count }) {
      const target = ctx.ref(Log, to)
      return Array.from({ length: count }, (_, n) => {
        return target.tell.put({ from: ctx.self.key, n }).status
      })
    },
    async deliver(ctx, { to, count }) {
      const target = ctx.ref(Log, to)
      for (let n = 0; n < count; n += 1) await target.deliver.put({ from: ctx.self.key, n })
      return count
    },
    async between(ctx, { to, count, channel: name }) {
      const channel = new BroadcastChannel(name)
      channel.postMessage('ready')
      await new Promise((resolve) => {
        channel.onmessage = resolve
      })
      const target = ctx.ref(Log, to)
      for (let n = 0; n < count; n += 1) await target.deliver.put({ from: ctx.self.key, n })
      channel.postMessage('done')
      channel.close()
    },
    burn(_ctx, ms) {
      const end = performance.now() + ms
      while (performance.now() < end);
    },
    burnUntilTold(_ctx, name) {
      const channel = new BroadcastChannel(name)
      channel.postMessage('burning')
      while (receiveMessageOnPort(channel as never)?.message !== 'stop');
      channel.close()
    },
    refs: (ctx, address) => `${ctx.ref(Log, address).key}`,
    async isMain() {
      return (await import('node:worker_threads')).isMainThread
    },
    thread: threadId,
  },
})

const asker = actor(Asker, {
  on: {
    async along(ctx, [next, ...rest]) {
      return next === undefined ? ctx.self.key : await ctx.ref(Asker, next).ask.along(rest)
    },
    async cross(ctx, { to, channel }) {
      await meet(channel)
      return await ctx.ref(Asker, to).ask.along([])
    },
    fail() {
      throw new TroupeError('ACTOR_FAILED', 'broken on purpose', {
        fields: { shelf: 3 },
        cause: new RangeError('the cause'),
      })
    },
    failsBeside: (ctx, to) => ctx.ref(Asker, to).ask.fail(),
    bad: () => ({ list: [1, (() => 2) as unknown as number] }),
    async tellBad(ctx, to) {
      const outcome = ctx.ref(Log, to).tell.put({ from: 'x', n: (() => 1) as unknown as number })
      return outcome.status === 'refused' ? outcome.error.message : outcome.status
    },
  },
})

const feed = actor(Feed, {
  state: () => ({ produced: 0 }),
  reads: { produced: (ctx) => ctx.state.produced },
  on: {
    async *numbers(ctx, to) {
      for (let i = 1; i <= to; i += 1) {
        ctx.state.produced = i
        yield i
      }
      return 'done'
    },
    async *breaks(_ctx, at) {
      for (let i = 1; i < at; i += 1) yield i
      throw new Error(`broke at ${at}`)
    },
    async reads(ctx, { from, to }) {
      let sum = 0
      for await (const n of ctx.ref(Feed, from).stream.numbers(to)) sum += n
      return sum
    },
  },
})

const listener = actor(Listener, {
  state: () => ({ heard: [] as number[] }),
  on: {
    listen: (ctx, pattern) => ctx.subscribe(pattern, 'heard'),
    heard: (ctx, payload) => void ctx.state.heard.push(payload),
    all: (ctx) => [...ctx.state.heard],
  },
})

const keeper = actor(Keeper, {
  durable: true,
  state: (): { heard: number[] } => ({ heard: [] }),
  on: {
    listen: (ctx, pattern) => ctx.subscribe(pattern, 'heard'),
    heard: (ctx, payload) => void ctx.state.heard.push(payload),
    say: (ctx, { topic, payload }) => ctx.publish(topic, payload),
  },
  reads: { all: (ctx) => [...ctx.state.heard] },
})

// biome-ignore lint/style/noDefaultExport: every thread finds the app as its module's default
export default app(import.meta.url, {
  actors: [log, asker, feed, listener, keeper],
})
