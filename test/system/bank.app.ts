/** The app of the system tests: a durable account, a volatile counter, and what breaks threads. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message, stream } from '../../actors/message.ts'
import { terminal } from '../../mailbox/errors.ts'

export const Account = contract('account', {
  deposit: message<{ amount: number }, number>(),
  transfer: message<{ to: string; amount: number }, number>(),
  pay: message<{ to: string; amount: number }, number>(),
  balance: message<void, number>(),
})

export const account = actor(Account, {
  durable: true,
  state: () => ({ balance: 0 }),
  on: {
    deposit: (ctx, { amount }) => (ctx.state.balance += amount),
    transfer(ctx, { to, amount }) {
      if (ctx.state.balance < amount) throw terminal('insufficient funds')
      ctx.state.balance -= amount
      ctx.ref(Account, to).tell.deposit({ amount })
      return ctx.state.balance
    },
    async pay(ctx, { to, amount }) {
      ctx.state.balance -= amount
      return await ctx.ref(Account, to).ask.deposit({ amount })
    },
  },
  reads: { balance: (ctx) => ctx.state.balance },
})

export const Counter = contract('counter', {
  add: message<number, number>(),
  count: stream<number, number, string>(),
  fail: message<string>(),
  exit: message(),
  spin: message<number, number>(),
  thread: message<void, number>(),
  asks: message<{ key: string; by: number }, number>(),
})

export const counter = actor(Counter, {
  state: () => ({ n: 0 }),
  on: {
    add: (ctx, by) => (ctx.state.n += by),
    async *count(_ctx, to) {
      for (let i = 1; i <= to; i += 1) yield i
      return `counted to ${to}`
    },
    fail(_ctx, why) {
      throw new Error(why)
    },
    exit() {
      process.exit(3)
    },
    spin(_ctx, ms) {
      const end = performance.now() + ms
      while (performance.now() < end);
      return ms
    },
    async thread() {
      return (await import('node:worker_threads')).threadId
    },
    asks: (ctx, { key, by }) => ctx.ref(Counter, key).ask.add(by),
  },
})

// biome-ignore lint/style/noDefaultExport: every thread finds the app as its module's default
export default app(import.meta.url, { actors: [account, counter] })
