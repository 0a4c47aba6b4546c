/** The app of the quarantine tests: what kills its thread, or the process, whenever it is started. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'

export const Vault = contract('vault', {
  add: message<number>(),
  total: message<void, { times: number; total: number }>(),
  /** Waits for ever, or not at all once this file is there. */
  hold: message<string>(),
  exit: message(),
  exitLater: message(),
  fill: message(),
  spin: message(),
  killProcess: message(),
  killEvery: message<number>(),
})
/** Its key is a path: while that file is there, activation kills. */
export const Fragile = contract('fragile', { touch: message(), count: message<void, number>() })

/** Its key is a path: each activation is a line there. */
export const Diary = contract('diary', { lines: message<void, number>() })

const vault = actor(Vault, {
  durable: true,
  state: () => ({ times: 0, total: 0 }),
  on: {
    add(ctx, by) {
      ctx.state.times += 1
      ctx.state.total += by
    },
    async hold(ctx, path) {
      const wait = () => (existsSync(path) ? undefined : new Promise(() => undefined))
      await ctx.effect('hold', path, wait, { idempotent: true })
      ctx.state.times += 1
    },
    exit() {
      process.exit(3)
    },
    async exitLater(ctx) {
      await ctx.effect('wait', undefined, () => new Promise((resolve) => setImmediate(resolve)), {
        idempotent: true,
      })
      process.exit(3)
    },
    fill() {
      const kept: unknown[] = []
      for (;;) kept.push(new Array(10_000).fill({}))
    },
    spin() {
      for (;;);
    },
    killProcess() {
      process.kill(process.pid, 'SIGKILL')
      for (;;);
    },
    killEvery(ctx, ms) {
      ctx.timer('deadly', { rate: ms }, 'exit')
    },
  },
  reads: { total: (ctx) => ({ ...ctx.state }) },
})

const fragile = actor(Fragile, {
  durable: true,
  state: () => ({ count: 0 }),
  onStart(ctx) {
    if (existsSync(ctx.self.key)) process.exit(5)
  },
  on: {
    touch(ctx) {
      ctx.state.count += 1
    },
  },
  reads: { count: (ctx) => ctx.state.count },
})

const diary = actor(Diary, {
  durable: true,
  onStart: (ctx) => appendFileSync(ctx.self.key, 'up\n'),
  on: {},
  reads: { lines: (ctx) => readFileSync(ctx.self.key, 'utf8').split('\n').length - 1 },
})

// biome-ignore lint/style/noDefaultExport: every thread finds the app as its module's default
export default app(import.meta.url, { actors: [vault, fragile, diary] })
