/**
 * `npm run test:crash -- --runs N [--seed S] [--jobs J]`: the long one, J seeds at a time.
 * A failing seed prints itself and replays.
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { crash } from './harness.ts'
import { type CrashPlan, livesOf } from './plan.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    kills: { type: 'string', default: '20' },
    orders: { type: 'string', default: '400' },
    workers: { type: 'string' },
    folder: { type: 'string' },
  },
})
const first = values.seed === undefined ? randomInt(2 ** 30) : Number(values.seed)
const runs = Number(values.runs ?? (values.seed === undefined ? 20 : 1))
const seeds = Array.from({ length: runs }, (_, run) => first + run).values()
await Promise.all(Array.from({ length: Number(values.jobs) }, runAll))

async function runAll(): Promise<void> {
  for (const seed of seeds) await runOne(planOf(seed))
}

function planOf(seed: number): CrashPlan {
  return {
    seed,
    kills: Number(values.kills),
    orders: Number(values.orders),
    workers: Number(values.workers ?? (seed % 2 === 0 ? 0 : 2)),
    folder: values.folder,
  }
}

async function runOne(plan: CrashPlan): Promise<void> {
  const start = performance.now()
  const wrong = await crash(plan)
  const seconds = Math.round((performance.now() - start) / 1_000)
  const verdict = wrong.length === 0 ? 'ok' : 'FAILED'
  say(`seed ${plan.seed} workers ${plan.workers} ${verdict} ${seconds} s`)
  if (wrong.length > 0) report(plan, wrong)
}

function report(plan: CrashPlan, wrong: readonly string[]): void {
  const { seed, kills, orders, workers } = plan
  for (const line of wrong.slice(0, 20)) say(`  ${line.slice(0, 4_000)}`)
  for (const [i, life] of livesOf(plan).entries()) say(`  life ${i + 1} ${JSON.stringify(life)}`)
  say(
    `  again: npm run test:crash -- --seed ${seed} --kills ${kills} --orders ${orders} --workers ${workers}`,
  )
  process.exitCode = 1
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
