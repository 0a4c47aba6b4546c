/** `npm run test:crash -- --runs N [--seed S]`: the long one. A failing seed prints itself and replays. */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { crash } from './harness.ts'
import { livesOf } from './plan.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    seed: { type: 'string' },
    kills: { type: 'string', default: '20' },
    orders: { type: 'string', default: '400' },
    workers: { type: 'string' },
    folder: { type: 'string' },
  },
})
const first = values.seed === undefined ? randomInt(2 ** 30) : Number(values.seed)
const runs = Number(values.runs ?? (values.seed === undefined ? 20 : 1))
for (let run = 0; run < runs; run += 1) {
  const seed = first + run
  const workers = Number(values.workers ?? (seed % 2 === 0 ? 0 : 2))
  const plan = {
    seed,
    kills: Number(values.kills),
    orders: Number(values.orders),
    workers,
    folder: values.folder,
  }
  const start = performance.now()
  const wrong = await crash(plan)
  const seconds = Math.round((performance.now() - start) / 1_000)
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  say(`seed ${seed} workers ${workers} ${wrong.length === 0 ? 'ok' : 'FAILED'} ${seconds} s`)
  if (wrong.length === 0) continue
  for (const line of wrong.slice(0, 20)) say(`  ${line.slice(0, 4_000)}`)
  for (const [i, life] of livesOf(plan).entries()) say(`  life ${i + 1} ${JSON.stringify(life)}`)
  say(
    `  again: npm run test:crash -- --seed ${seed} --kills ${plan.kills} --orders ${plan.orders} --workers ${workers}`,
  )
  process.exitCode = 1
}
