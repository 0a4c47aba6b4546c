/** The process of a {@link RoundProcess}: `node bench/round-child.ts CASE [quick]`. */
import { cases } from './cases/index.ts'

const [name = '', quick] = process.argv.slice(2)
const load = cases[name]
if (load === undefined) throw new Error(`no case "${name}"`)
const prepared = load().then((bench) => bench.prepare(quick === 'quick'))

async function round(): Promise<void> {
  const { ours } = await prepared
  const before = process.cpuUsage()
  await ours.round()
  const { user, system } = process.cpuUsage(before)
  process.send?.((user + system) / 1_000)
}

process.on('message', () => void round())
process.on('disconnect', async () => {
  await (await prepared).close?.()
  process.exit()
})
