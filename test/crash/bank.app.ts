/** The app of the crash harness: whatever happens to the process, its sums come out. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message, stream } from '../../actors/message.ts'

/** Where effects go: a file that is no part of the store. */
export const ledgerVariable = 'TROUPE_CRASH_LEDGER'
export const firstBalance = 1_000
/** Ticks of the timer of one `beat`. */
const beats = 3

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
  /** Transfers told of to the tally. */
  told: number
  /** What an actor must never see. */
  wrong: string[]
  /** For each timer that runs, when its ticks were due, and how many they stand for so far. */
  beating: Record<string, { dues: number[]; ticks: number }>
  page: string
}

export const Account = contract('account', {
  tellTransfer: message<Order>(),
  askTransfer: message<Order>(),
  deposit: message<number>(),
  /** The same for who asks: when it fails, the asker asks again. */
  credit: message<number, number>(),
  pay: message<Order>(),
  payInTwo: message<Order>(),
  later: message<Order>(),
  due: message<string>(),
  beat: message<Order>(),
  tick: message<string>(),
  write: message<Order>(),
  list: stream<Order, number, number>(),
  state: message<void, { balance: number; done: string[]; wrong: string[] }>(),
})
export const Tally = contract('tally', {
  count: message<{ from: string; n: number }>(),
  wrong: message<void, string[]>(),
  last: message<void, Record<string, number>>(),
})
export const Shelf = contract('shelf', {
  put: message<string>(),
  open: message<string>(),
  seen: message<void, string[]>(),
})
export const Parent = contract('parent', {
  raise: message<string>(),
  grown: message<string>(),
  seen: message<void, { grown: string[]; gone: string[] }>(),
})
const Child = contract('child', { grow: message<string>() })

const account = actor(Account, {
  durable: true,
  state: (): AccountState => ({
    balance: firstBalance,
    done: [],
    told: 0,
    wrong: [],
    beating: {},
    page: '',
  }),
  on: {
    tellTransfer(ctx, { order, to, amount }) {
      const { state } = ctx
      state.balance -= amount
      state.done.push(order)
      state.told += 1
      ctx.ref(Account, to).tell.deposit(amount)
      ctx.ref(Tally, 't').tell.count({ from: ctx.self.key, n: state.told })
    },
    async askTransfer(ctx, { order, to, amount }) {
      ctx.state.balance -= amount
      await ctx.ref(Account, to).ask.credit(amount)
      ctx.state.done.push(order)
    },
    deposit(ctx, amount) {
      ctx.state.balance += amount
    },
    credit(ctx, amount) {
      ctx.state.balance += amount
      return ctx.state.balance
    },
    async pay(ctx, { order }) {
      await ctx.effect('ledger', order, () => append(order))
      ctx.state.done.push(order)
    },
    // Once the second half has left, the first is recorded: it never leaves again (D2).
    async payInTwo(ctx, { order }) {
      await ctx.effect('first', order, () => append(`${order}/first`), { idempotent: true })
      await ctx.effect('second', order, () => append(`${order}/second`), { idempotent: true })
      ctx.state.done.push(order)
    },
    later(ctx, { order }) {
      ctx.timer(order, { after: 5 }, 'due', order)
    },
    due(ctx, order) {
      ctx.state.done.push(order)
    },
    beat(ctx, { order }) {
      ctx.state.beating[order] = { dues: [], ticks: 0 }
      ctx.timer(order, { rate: 10 }, 'tick', order)
    },
    tick(ctx, order) {
      const beat = ctx.state.beating[order]
      const { due, missed } = ctx.message.tick as { due: number; missed: number }
      // One that was on its way when the timer was cancelled.
      if (beat === undefined) return
      // Not in order: one that was quarantined is sent again behind later ones.
      if (beat.dues.includes(due)) ctx.state.wrong.push(`${order}: tick ${due} twice`)
      beat.dues.push(due)
      beat.ticks += 1 + missed
      if (beat.ticks < beats) return
      delete ctx.state.beating[order]
      ctx.cancelTimer(order)
      ctx.state.done.push(order)
    },
    // Enough bytes for snapshots to be due.
    write(ctx, { order, amount }) {
      ctx.state.page = order.repeat(1_000 * amount)
      ctx.state.done.push(order)
    },
    async *list(ctx, { order, amount }) {
      for (let n = 0; n < amount; n += 1) yield n
      ctx.state.done.push(order)
      return amount
    },
  },
  reads: {
    state: (ctx) => {
      const { balance, done, wrong } = ctx.state
      return { balance, done: [...done], wrong: [...wrong] }
    },
  },
})

function append(line: string): void {
  const file = openSync(process.env[ledgerVariable] as string, 'a')
  try {
    writeSync(file, `${line}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Every sender's numbers must come in order, none twice, none missing. */
const tally = actor(Tally, {
  durable: true,
  state: () => ({ last: {} as Record<string, number>, wrong: [] as string[] }),
  on: {
    count(ctx, { from, n }) {
      const expected = (ctx.state.last[from] ?? 0) + 1
      if (n !== expected) ctx.state.wrong.push(`sender ${from}: ${n} instead of ${expected}`)
      ctx.state.last[from] = n
    },
  },
  reads: { wrong: (ctx) => [...ctx.state.wrong], last: (ctx) => ({ ...ctx.state.last }) },
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

/** Has a child for each order, which says one word and is gone; hears of both exactly once (F6). */
const parent = actor(Parent, {
  durable: true,
  state: () => ({ grown: [] as string[], gone: [] as string[] }),
  on: {
    raise(ctx, order) {
      const child = ctx.spawn(Child, order)
      ctx.watch(child)
      child.tell.grow(order)
    },
    grown(ctx, order) {
      ctx.state.grown.push(order)
    },
  },
  onTerminated(ctx, who) {
    ctx.state.gone.push(who.key.slice(ctx.self.key.length + 1))
  },
  reads: { seen: (ctx) => ({ grown: [...ctx.state.grown], gone: [...ctx.state.gone] }) },
})

const child = actor(Child, {
  durable: true,
  on: {
    grow(ctx, order) {
      if (ctx.sender !== undefined) ctx.ref(Parent, ctx.sender.key).tell.grown(order)
      ctx.destroy()
    },
  },
})

// biome-ignore lint/style/noDefaultExport: every thread finds the app as its module's default
export default app(import.meta.url, { actors: [account, tally, shelf, parent, child] })
