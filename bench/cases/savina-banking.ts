/**
 * Transfers between 1,000 accounts: a debit waits until the other account has confirmed its credit, and meanwhile
 * the account takes credits only.
 */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { nextRandom, savinaCase } from '../savina.ts'
import { must } from '../timing.ts'

const accounts = 1_000
const amount = 10

const Account = contract('account', {
  debit: message<{ to: string }>(),
  credit: message<{ from: string }>(),
  credited: message(),
  report: message<void, { balance: number; transferred: number }>(),
})
const Teller = contract('teller', { transfer: message<number>() })

const account = actor(Account, {
  mailbox: { capacity: 100_000 },
  state: () => ({ balance: 0, transferred: 0, isWaiting: false, later: [] as string[] }),
  on: {
    debit(ctx, { to }) {
      if (ctx.state.isWaiting) return void ctx.state.later.push(to)
      ctx.state.isWaiting = true
      ctx.state.balance -= amount
      ctx.ref(Account, to).tell.credit({ from: ctx.self.key })
    },
    credit(ctx, { from }) {
      ctx.state.balance += amount
      ctx.ref(Account, from).tell.credited()
    },
    credited(ctx) {
      ctx.state.transferred += 1
      const to = ctx.state.later.shift()
      ctx.state.isWaiting = to !== undefined
      if (to === undefined) return
      ctx.state.balance -= amount
      ctx.ref(Account, to).tell.credit({ from: ctx.self.key })
    },
    report: (ctx) => ({ balance: ctx.state.balance, transferred: ctx.state.transferred }),
  },
})
const teller = actor(Teller, {
  on: {
    transfer(ctx, count) {
      let seed = 4_711
      for (let i = 0; i < count; i += 1) {
        seed = nextRandom(seed)
        const from = seed % accounts
        seed = nextRandom(seed)
        const to = (from + 1 + (seed % (accounts - 1))) % accounts
        ctx.ref(Account, String(from)).tell.debit({ to: String(to) })
      }
    },
  },
})

export const savinaBanking = savinaCase({
  name: 'banking',
  what: 'transfers between 1,000 accounts, each confirmed',
  unit: 'transfers/s',
  app: app(import.meta.url, { actors: [account, teller] }),
  size: 100_000,
  quickSize: 4_000,
  erlang: 'banking',
  async run(system, size) {
    system.ref(Teller, 't').tell.transfer(size)
    await system.quiet()
    const found = await Promise.all(
      Array.from({ length: accounts }, (_, i) => system.ref(Account, String(i)).ask.report()),
    )
    const balance = found.reduce((sum, one) => sum + one.balance, 0)
    const transferred = found.reduce((sum, one) => sum + one.transferred, 0)
    must(balance === 0, () => `money was made or lost: ${balance}`)
    must(transferred === size, () => `${transferred} of ${size} transfers`)
  },
})
