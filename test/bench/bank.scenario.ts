/** A scenario as a file, for the command. */
import { scenario } from '../../runtime/bench/scenario.ts'
import bank, { Account } from './bank.app.ts'

// biome-ignore lint/style/noDefaultExport: a scenario module exports its scenario
export default scenario({
  name: 'bank',
  app: bank,
  system: { workers: 0 },
  mix: [
    {
      name: 'deposit',
      send: ({ system, n }) => system.ref(Account, `k${n % 5}`).ask.deposit({ amount: 1 }),
    },
  ],
  load: { concurrency: 4 },
})
