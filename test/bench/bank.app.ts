/** The app of the scenarios under test. */
import { actor, app, contract, message, terminal } from '../../actors/index.ts'

export const Account = contract('account', {
  deposit: message<{ amount: number }, number>(),
  withdraw: message<{ amount: number }, number>(),
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
    withdraw(ctx, { amount }) {
      if (ctx.state.balance < amount) throw terminal('insufficient funds')
      ctx.state.balance -= amount
      return ctx.state.balance
    },
  },
  reads: { balance: (ctx) => ctx.state.balance },
})

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default app(import.meta.url, { actors: [account] })
