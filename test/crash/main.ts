/** `npm run test:crash -- --runs N [--seed S]`: the long one. A failing seed prints itself and replays. */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { crash } from './harness.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    seed: { type: 'string' },
    kills: { type: 'string', default: '20' },
    orders: { type: 'string', default: '400' },
  },
})
const first = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed)
const runs = values.seed === undefined ? Number(values.runs) : 1
for (let run = 0; run < runs; run += 1) {
  const seed = first + run
  const workers = seed % 2 === 0 ? 0 : 2
  const wrong = await crash({
    seed,
    kills: Number(values.kills),
    orders: Number(values.orders),
    workers,
  })
  process.stdout.write(`seed ${seed} ${wrong.length === 0 ? 'ok' : 'FAILED'}\n`)
  if (wrong.length === 0) continue
  for (const line of wrong.slice(0, 20)) process.stdout.write(`  ${line}\n`)
  process.stdout.write(`  again: npm run test:crash -- --seed ${seed}\n`)
  process.exitCode = 1
}
