/** How many transfers a second: 64 senders, each with one message open. */
import { scenario } from 'troupe/bench'
import { balance, count, fill, transfer } from './accounts.ts'
import bank from './app.ts'

// biome-ignore lint/style/noDefaultExport: a scenario module exports its scenario
export default scenario({
  name: 'bank, steady',
  app: bank,
  setUp: fill,
  mix: [
    { name: 'transfer', weight: 4, send: transfer },
    { name: 'balance', send: balance },
  ],
  load: { concurrency: 64 },
  check: count,
})
