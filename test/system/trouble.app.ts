/** The app of the failure tests: what breaks threads, and who watches. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import type { Address } from '../../mailbox/address.ts'

export const Trouble = contract('trouble', {
  ping: message<void, string>(),
  thread: message<void, number>(),
  exit: message(),
  throwLater: message(),
  fill: message(),
  /** Runs until its thread is killed. */
  spin: message(),
  spinLater: message(),
  spinAfterAsk: message(),
  /** Never answers. */
  hang: message<void, string>(),
  fail: message<string, string>(),
  stop: message(),
})

export const Book = contract('book', {
  add: message<string, number>(),
  lines: message<void, string[]>(),
  crash: message<string, number>(),
})

export const Watcher = contract('watcher', {
  watch: message<Address>(),
  seen: message<void, string[]>(),
})

export const trouble = actor(Trouble, {
  supervision: { backoff: 1, maxBackoff: 2 },
  on: {
    ping: (ctx) => ctx.self.key,
    async thread() {
      return (await import('node:worker_threads')).threadId
    },
    exit() {
      process.exit(3)
    },
    throwLater() {
      setTimeout(() => {
        throw new Error('thrown by a timer')
      }, 0)
    },
    fill() {
      const kept: unknown[] = []
      for (;;) kept.push(new Array(10_000).fill({}))
    },
    spin() {
      for (;;);
    },
    async spinLater() {
      await null
      for (;;);
    },
    async spinAfterAsk(ctx) {
      await ctx.ref(Trouble, `${ctx.self.key}-other`).ask.ping()
      for (;;);
    },
    hang: () => new Promise(() => undefined),
    fail(_ctx, why) {
      throw Object.assign(new Error(why, { cause: new RangeError('the cause') }), { code: 'E_OWN' })
    },
    stop: (ctx) => ctx.stop(),
  },
})

export const book = actor(Book, {
  durable: true,
  state: (): { lines: string[] } => ({ lines: [] }),
  on: {
    add: (ctx, line) => ctx.state.lines.push(line),
    crash(ctx, line) {
      ctx.state.lines.push(line)
      process.exit(4)
    },
  },
  reads: { lines: (ctx) => [...ctx.state.lines] },
})

export const watcher = actor(Watcher, {
  state: () => ({ seen: [] as string[] }),
  on: {
    watch: (ctx, who) => ctx.watch(who),
    seen: (ctx) => [...ctx.state.seen],
  },
  onTerminated(ctx, who) {
    ctx.state.seen.push(`${who.type}/${who.key}`)
  },
})

// biome-ignore lint/style/noDefaultExport: every thread finds the app as its module's default
export default app(import.meta.url, { actors: [trouble, book, watcher] })
