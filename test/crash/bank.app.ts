/** The app of the crash harness: whatever happens to the process, its sums come out. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'

/** Where effects go: a file that is no part of the store. */
export const ledgerVariable = 'TROUPE_CRASH_LEDGER'
export const firstBalance = 1_000

/** One of a sender's numbered orders. */
export interface Order {
  readonly order: string
  readonly to: string
  readonly amount: number
}

export interface AccountState {
  balance: number
  /** Orders that were carried out, in order. */
  done: string[]
}

export const Account = contract('account', {
  tellTransfer: message<Order>(),
  askTransfer: message<Order>(),
  deposit: message<number, number>(),
  pay: message<Order>(),
  later: message<Order>(),
  due: message<string>(),
  state: message<void, AccountState>(),
})
export const Tally = contract('tally', {
  count: message<{ from: number; n: number }>(),
  wrong: message<void, string[]>(),
  last: message<void, number[]>(),
})
export const Shelf = contract('shelf', {
  put: message<string>(),
  open: message<string>(),
  seen: message<void, string[]>(),
})

const account = actor(Account, {
  durable: true,
  state: (): AccountState => ({ balance: firstBalance, done: [] }),
  on: {
    tellTransfer(ctx, { order, to, amount }) {
      ctx.state.balance -= amount
      ctx.state.done.push(order)
      ctx.ref(Account, to).tell.deposit(amount)
    },
    async askTransfer(ctx, { order, to, amount }) {
      ctx.state.balance -= amount
      await ctx.ref(Account, to).ask.deposit(amount)
      ctx.state.done.push(order)
    },
    deposit(ctx, amount) {
      ctx.state.balance += amount
      return ctx.state.balance
    },
    async pay(ctx, { order }) {
      await ctx.effect('ledger', order, () => append(`${order}\n`))
      ctx.state.done.push(order)
    },
    later(ctx, { order }) {
      ctx.timer(order, { after: 5 }, 'due', order)
    },
    due(ctx, order) {
      ctx.state.done.push(order)
    },
  },
  reads: { state: (ctx) => ({ balance: ctx.state.balance, done: [...ctx.state.done] }) },
})

function append(line: string): void {
  const file = openSync(process.env[ledgerVariable] as string, 'a')
  try {
    writeSync(file, line)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Every sender's numbers must come in order, none twice, none missing. */
const tally = actor(Tally, {
  durable: true,
  state: () => ({ last: [0, 0, 0, 0], wrong: [] as string[] }),
  on: {
    count(ctx, { from, n }) {
      const expected = (ctx.state.last[from] ?? 0) + 1
      if (n !== expected) ctx.state.wrong.push(`sender ${from}: ${n} instead of ${expected}`)
      ctx.state.last[from] = n
    },
  },
  reads: { wrong: (ctx) => [...ctx.state.wrong], last: (ctx) => [...ctx.state.last] },
})

/** Puts things aside until it is opened, for one of them each time. */
const shelf = actor(Shelf, {
  durable: true,
  state: () => ({ open: false, seen: [] as string[] }),
  on: {
    put(ctx, order) {
      if (!ctx.state.open) return ctx.stash()
      ctx.state.seen.push(order)
    },
    open(ctx, order) {
      ctx.state.open = !ctx.state.open
      ctx.state.seen.push(order)
      if (ctx.state.open) ctx.unstash()
    },
  },
  reads: { seen: (ctx) => [...ctx.state.seen] },
})

// biome-ignore lint/style/noDefaultExport: every thread finds the app as its module's default
export default app(import.meta.url, { actors: [account, tally, shelf] })
