/** A small bank that leaves a history behind: asks, tells, a step, failures, a topic, a timer. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { terminal } from '../../mailbox/errors.ts'
import { createSystem, type System } from '../../runtime/index.ts'

export const Account = contract('account', {
  deposit: message<{ amount: number; memo?: string }, number>(),
  transfer: message<{ to: string; amount: number }, number>(),
  break: message<null, null>(),
})

interface State {
  balance: number
  entries: { amount: number; memo: string }[]
}

export const account = actor(Account, {
  durable: true,
  state: (): State => ({ balance: 0, entries: [] }),
  on: {
    deposit(ctx, { amount, memo = '' }) {
      ctx.state.balance += amount
      ctx.state.entries.push({ amount, memo })
      return ctx.state.balance
    },
    async transfer(ctx, { to, amount }) {
      await ctx.effect('fee', { amount }, () => amount / 100)
      if (ctx.state.balance < amount) throw terminal('insufficient funds')
      ctx.state.balance -= amount
      ctx.ref(Account, to).tell.deposit({ amount, memo: 'transfer' })
      return ctx.state.balance
    },
    break() {
      throw new Error('broken\u001b[2J on purpose')
    },
  },
})

const bank = app(import.meta.url, { actors: [account] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default bank

/** A folder of the test's own. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-replay-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs work on a bank and closes it. */
export async function withBank(
  store: string,
  work: (system: System) => Promise<void>,
): Promise<void> {
  const system = await createSystem(bank, { store, workers: 0, development: false })
  try {
    await work(system)
  } finally {
    await system.close()
  }
}

/** Three deposits, a transfer, a refused transfer and a break. */
export async function writeBank(store: string): Promise<void> {
  await withBank(store, async (system) => {
    const alice = system.ref(Account, 'alice')
    await alice.ask.deposit({ amount: 50, memo: 'Salary' })
    await alice.ask.deposit({ amount: 7 }, { id: 'gift-1' })
    await alice.ask.transfer({ to: 'bob', amount: 30 })
    await alice.ask.transfer({ to: 'bob', amount: 300 }).catch(() => undefined)
    await alice.ask.break(null).catch(() => undefined)
    await system.ref(Account, 'bob').ask.deposit({ amount: 1 })
  })
}
