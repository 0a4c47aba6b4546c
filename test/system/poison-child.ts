/** A process with a store: says what it sees, sends what it is told, until it dies or is closed. */
import { createSystem } from '../../runtime/main/create-system.ts'
import poison, { Vault } from './poison.app.ts'

const [store = '', workers = '2', innocents = '0', send = ''] = process.argv.slice(2)
const system = await createSystem(poison, { store, workers: Number(workers), log: () => undefined })
const sent = []
for (let i = 0; i < Number(innocents); i += 1) {
  sent.push(system.ref(Vault, `v${i % 20}`).deliver.add(1))
  if (send !== '' && i === Number(innocents) / 2)
    sent.push(system.ref(Vault, 'v0').deliver.killProcess())
}
await Promise.all(sent)
await system.quiet()
const totals = []
for (let i = 0; i < 20; i += 1) totals.push(await system.ref(Vault, `v${i}`).ask.total())
const times = totals.reduce((sum, { times }) => sum + times, 0)
const letters = system.deadLetters.list().map(({ name, reason }) => `${name} ${reason}`)
const { imbalance } = system.stats()
console.log(JSON.stringify({ times, letters, imbalance }))
await system.close()
