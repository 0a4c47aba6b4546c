/** A scenario in phases, for the command. */
import { scenario } from '../../runtime/bench/scenario.ts'
import bank, { Account } from './bank.app.ts'

// biome-ignore lint/style/noDefaultExport: a scenario module exports its scenario
export default scenario({
  name: 'spike',
  app: bank,
  system: { workers: 0 },
  mix: [
    {
      name: 'deposit',
      send: ({ system, n }) => system.ref(Account, `k${n % 5}`).ask.deposit({ amount: 1 }),
    },
  ],
  load: {
    rate: [
      { duration: 4_000, rate: 100 },
      { duration: 2_000, rate: 500 },
      { duration: 4_000, rate: 100 },
    ],
  },
})
