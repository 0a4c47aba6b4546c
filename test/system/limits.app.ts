/** The app of the tests of what is too large to be sent. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message, stream } from '../../actors/message.ts'

export const Shelf = contract('shelf', {
  put: message<Uint8Array>(),
  count: message<void, number>(),
  /** Answers with so many bytes. */
  give: message<number, Uint8Array>(),
  /** Yields as many as each number says; a negative one yields what cannot be encoded. */
  pour: stream<readonly number[], Uint8Array, string>(),
  /** Generators of this thread that came to their end; a failed turn takes the state with it. */
  closed: message<void, number>(),
  /** Tells another shelf as many bytes as each number says; how each went. */
  tell: message<{ to: string; sizes: readonly number[] }, string[]>(),
  /** The same, but delivers. */
  deliver: message<{ to: string; sizes: readonly number[] }, string[]>(),
  listen: message<string>(),
  heard: message<Uint8Array>(),
  allHeard: message<void, number>(),
  thread: message<void, number>(),
  /** Is out until another shelf of its thread is told to open. */
  wait: message(),
  open: message(),
})

let closed = 0
const gate = Promise.withResolvers<void>()

const shelf = actor(Shelf, {
  state: () => ({ count: 0, heard: 0 }),
  on: {
    put(ctx) {
      ctx.state.count += 1
    },
    count: (ctx) => ctx.state.count,
    give: (_ctx, size) => new Uint8Array(size),
    async *pour(_ctx, sizes) {
      try {
        for (const size of sizes) {
          yield size < 0 ? ((() => size) as unknown as Uint8Array) : new Uint8Array(size)
        }
        return 'all'
      } finally {
        closed += 1
      }
    },
    closed: () => closed,
    tell(ctx, { to, sizes }) {
      const other = ctx.ref(Shelf, to)
      return sizes.map((size) => {
        const outcome = other.tell.put(new Uint8Array(size))
        return outcome.status === 'refused' ? outcome.error.code : outcome.status
      })
    },
    async deliver(ctx, { to, sizes }) {
      const other = ctx.ref(Shelf, to)
      const ends = sizes.map((size) => other.deliver.put(new Uint8Array(size)))
      const settled = await Promise.allSettled(ends)
      return settled.map((one) => (one.status === 'fulfilled' ? 'in' : one.reason.code))
    },
    listen: (ctx, topic) => ctx.subscribe(topic, 'heard'),
    heard(ctx) {
      ctx.state.heard += 1
    },
    allHeard: (ctx) => ctx.state.heard,
    wait: () => gate.promise,
    open: () => gate.resolve(),
    thread: async () => (await import('node:worker_threads')).threadId,
  },
})

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default app(import.meta.url, { actors: [shelf] })
