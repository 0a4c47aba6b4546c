/** Accounts that move money between each other: the app that the scenarios beside it put under load. */
import { actor, app, contract, message, terminal } from 'troupe'

export const Account = contract('account', {
  deposit: message<{ amount: number }, number>(),
  transfer: message<{ to: string; amount: number }, number>(),
  balance: message<void, number>(),
})

const account = actor(Account, {
  durable: true,
  state: () => ({ balance: 0 }),
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
  },
  reads: { balance: (ctx) => ctx.state.balance },
})

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default app(import.meta.url, { actors: [account] })
