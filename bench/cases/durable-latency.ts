/**
 * One durable ask after the other on an idle system, beside the least it can be: two thread round trips
 * (to the host and on to the store's thread) around a commit of one row.
 */
import { MessageChannel } from 'node:worker_threads'
import { app } from '../../actors/app.ts'
import { createSystem } from '../../runtime/index.ts'
import { Account, account } from '../account.ts'
import { BareThread } from '../bare-threads.ts'
import type { BenchCase } from '../bench-case.ts'
import { TempFolder } from '../temp-folder.ts'
import { latencies, must } from '../timing.ts'

const bank = app(import.meta.url, { actors: [account] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default bank

export const durableLatency: BenchCase = {
  name: 'durable-latency',
  what: 'one durable ask after the other, idle system, synced',
  unit: 'ms, median',
  better: 'lower',
  gate: [{ ratioToBound: 1.5 }, { fact: 'p99', ratioToBound: 1.5 }],
  async prepare(quick) {
    const folder = new TempFolder()
    const asks = quick ? 20 : 500
    const system = await createSystem(bank, {
      workers: 1,
      store: folder.file('ours.db'),
      development: false,
    })
    const alice = system.ref(Account, 'alice')
    let balance = 0
    const [relay, commit] = await chain(folder.file('bound.db'))
    return {
      ours: {
        name: 'troupe',
        round: () =>
          latencies(asks, async () => {
            balance += 1
            const got = await alice.ask.deposit({ amount: 1 })
            must(got === balance, () => `expected ${balance}, got ${got}`)
          }),
      },
      bounds: [
        {
          name: 'two round trips and a commit of one row',
          round: () =>
            latencies(asks, async () => {
              must((await relay.ask(7)) === 7, () => 'the relay answered something else')
            }),
        },
      ],
      async close() {
        await system.close()
        await Promise.all([relay.end(), commit.end()])
        folder.remove()
      },
    }
  },
}

/** A thread that passes on to a second one, which commits. */
async function chain(file: string): Promise<readonly [BareThread, BareThread]> {
  const { port1, port2 } = new MessageChannel()
  return await Promise.all([
    BareThread.start({ role: 'relay', port: port1 }),
    BareThread.start({ role: 'commit', port: port2, file }),
  ])
}
