/** The durable actor that several cases load: one small state, one message, one reply. */
import { actor } from '../actors/actor.ts'
import { contract } from '../actors/contract.ts'
import { message } from '../actors/message.ts'

export const Account = contract('account', { deposit: message<{ amount: number }, number>() })

export const account = actor(Account, {
  durable: true,
  state: () => ({ balance: 0 }),
  on: {
    deposit(ctx, { amount }) {
      ctx.state.balance += amount
      return ctx.state.balance
    },
  },
})
