/**
 * Acknowledged durable turns through the whole runtime, `synchronous=FULL`, 1,000 actors, beside
 * SQLite alone appending the same number of records in packed segments.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createSystem } from '../../runtime/index.ts'
import type { BenchCase, Contestant } from '../bench-case.ts'
import { segmentBound } from '../segment-bound.ts'

const Account = contract('account', { deposit: message<{ amount: number }, number>() })
const account = actor(Account, {
  durable: true,
  state: () => ({ balance: 0 }),
  on: {
    deposit(ctx, { amount }) {
      ctx.state.balance += amount
      return ctx.state.balance
    },
  },
})
const bank = app(import.meta.url, { actors: [account] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default bank

const actors = 1_000

export const durableTurn: BenchCase = {
  name: 'durable-turn',
  what: 'acknowledged asks to 1,000 durable actors, synced, one host',
  unit: 'turns/s',
  better: 'higher',
  async prepare(quick) {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'))
    const system = await createSystem(bank, {
      workers: 1,
      store: join(folder, 'ours.db'),
      development: false,
    })
    const bound = segmentBound(join(folder, 'bound.db'))
    const batches = quick ? 2 : 20
    let rounds = 0
    const ours: Contestant = {
      name: 'troupe',
      async round() {
        rounds += 1
        const start = performance.now()
        for (let i = 0; i < batches; i += 1) await depositToAll()
        const seconds = (performance.now() - start) / 1_000
        const last = await system.ref(Account, 'k0').ask.deposit({ amount: 0 })
        if (last !== rounds * batches) throw new Error(`lost deposits: ${last}`)
        return (batches * actors) / seconds
      },
    }
    const depositToAll = (): Promise<unknown> =>
      Promise.all(
        Array.from({ length: actors }, (_, i) =>
          system.ref(Account, `k${i}`).ask.deposit({ amount: 1 }),
        ),
      )
    return {
      ours,
      bounds: [{ name: 'SQLite, segments of 256', round: () => bound.append(batches * actors) }],
      async close() {
        await system.close()
        bound.close()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  },
}
