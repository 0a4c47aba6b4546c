/** What a rush does to those who wait: 200 messages a second, ten times that for two seconds, and 200 again. */
import { scenario } from 'troupe/bench'
import { balance, count, fill, transfer } from './accounts.ts'
import bank from './app.ts'

// biome-ignore lint/style/noDefaultExport: a scenario module exports its scenario
export default scenario({
  name: 'bank, spike',
  app: bank,
  setUp: fill,
  mix: [
    { name: 'transfer', weight: 4, lane: 'low', send: transfer },
    { name: 'balance', lane: 'high', send: balance },
  ],
  load: {
    rate: [
      { duration: 4_000, rate: 200 },
      { duration: 2_000, rate: 2_000 },
      { duration: 4_000, rate: 200 },
    ],
  },
  check: count,
})
