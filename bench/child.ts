/** The process of one case: `node bench/child.ts NAME quick|full [ROUNDS]`, with a channel to who started it. */
import { cases } from './cases/index.ts'
import { runCase } from './rounds.ts'

const [name = '', size, rounds = ''] = process.argv.slice(2)

async function run(): Promise<void> {
  const load = cases[name]
  if (load === undefined) throw new Error(`no case "${name}"`)
  const say = (text: string): void => void process.send?.({ say: text })
  const bench = await load()
  const wanted = rounds === '' ? bench : { ...bench, rounds: Number(rounds) }
  process.send?.({ found: await runCase(wanted, size === 'quick', say) })
  process.disconnect?.()
}

run().catch((error: unknown) => {
  process.stderr.write(`\n${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
})
