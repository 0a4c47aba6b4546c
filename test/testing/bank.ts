/** A small bank with what an actor can do, for the tests of `troupe/testing`. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { terminal } from '../../mailbox/errors.ts'

export const Account = contract('account', {
  deposit: message<{ amount: number }, number>(),
  transfer: message<{ to: string; amount: number }, number>(),
  /** Checks with the authority first. */
  withdraw: message<{ amount: number }, number>(),
  remind: message<{ in: number }>(),
  forgetReminder: message(),
  reminded: message(),
  announce: message<string>(),
  balance: message<void, number>(),
})

export const Authority = contract('authority', {
  approve: message<{ amount: number }, boolean>(),
  note: message<string>(),
})

export interface Fees {
  fee(amount: number): number | Promise<number>
}

interface AccountState {
  balance: number
  reminders: number
}

export const account = actor(Account, {
  durable: true,
  state: (): AccountState => ({ balance: 0, reminders: 0 }),
  on: {
    deposit(ctx, { amount }) {
      ctx.state.balance += amount
      return ctx.state.balance
    },
    transfer(ctx, { to, amount }) {
      if (ctx.state.balance < amount) throw terminal('insufficient funds')
      ctx.state.balance -= amount
      ctx.ref(Account, to).tell.deposit({ amount })
      return ctx.state.balance
    },
    async withdraw(ctx, { amount }) {
      const fee = await ctx.effect('fee', amount, () => (ctx.deps as Fees).fee(amount))
      const isApproved = await ctx.ref(Authority, 'main').ask.approve({ amount })
      if (!isApproved) throw terminal('refused by the authority')
      ctx.state.balance -= amount + fee
      return ctx.state.balance
    },
    remind(ctx, { in: ms }) {
      ctx.timer('reminder', { after: ms }, 'reminded')
    },
    forgetReminder(ctx) {
      ctx.cancelTimer('reminder')
    },
    reminded(ctx) {
      ctx.state.reminders += 1
    },
    announce(ctx, text) {
      ctx.publish('news.bank', text)
    },
  },
  reads: { balance: (ctx) => ctx.state.balance },
})

export const authority = actor(Authority, {
  on: {
    approve: (_ctx, { amount }) => amount < 1_000,
    note: () => undefined,
  },
})

export const bank = app(import.meta.url, {
  actors: [account, authority],
  deps: (): Fees => ({ fee: () => 1 }),
})
