/**
 * `npm run bench`: runs cases, each in a fresh process, and prints what they found; the JSON form
 * goes to a file or to standard output. Progress goes to standard error.
 */
import { fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { CaseResult, Figure } from './bench-case.ts'
import { cases } from './cases/index.ts'
import { runCase } from './rounds.ts'

const self = fileURLToPath(import.meta.url)

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      case: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      child: { type: 'string' },
    },
  })
  if (values.child !== undefined) return runHere(values.child, values.quick)
  if (positionals[0] === 'list') {
    for (const name of Object.keys(cases)) process.stdout.write(`${name}\n`)
    return
  }
  const names = chosen(values.case)
  const results: CaseResult[] = []
  for (const name of names) results.push(await runInChild(name, values.quick))
  report(results, values.json)
}

function chosen(names: string | undefined): string[] {
  const wanted = names?.split(',') ?? Object.keys(cases)
  const unknown = wanted.find((name) => !Object.hasOwn(cases, name))
  if (unknown === undefined) return wanted
  throw new Error(`no case "${unknown}"; there are ${Object.keys(cases).join(', ')}`)
}

async function runHere(name: string, quick: boolean): Promise<void> {
  const load = cases[name] as (typeof cases)[string]
  process.send?.(await runCase(await load(), quick ? 2 : 7, quick))
  process.disconnect()
}

function runInChild(name: string, quick: boolean): Promise<CaseResult> {
  process.stderr.write(`${name} ...\n`)
  return new Promise((resolve, reject) => {
    const args = ['--child', name, ...(quick ? ['--quick'] : [])]
    const child = fork(self, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    let result: CaseResult | undefined
    child.on('message', (message) => {
      result = message as CaseResult
    })
    child.on('exit', (code) => {
      if (result !== undefined && code === 0) resolve(result)
      else reject(new Error(`case ${name} failed with exit code ${code}`))
    })
  })
}

function report(results: readonly CaseResult[], json: string | undefined): void {
  const text = `${JSON.stringify({ ...circumstances(), cases: results }, null, 2)}\n`
  if (json === '-') process.stdout.write(text)
  else {
    if (json !== undefined) writeFileSync(json, text)
    for (const result of results) printResult(result)
  }
}

function circumstances(): object {
  const [cpu] = cpus()
  return {
    machine: `${cpus().length} x ${cpu?.model ?? 'unknown'}`,
    node: process.version,
    date: new Date().toISOString(),
    command: process.argv.slice(1).join(' '),
  }
}

function printResult({ case: name, what, unit, ours, bounds, others }: CaseResult): void {
  process.stdout.write(`${name}: ${what} (${unit})\n`)
  for (const figure of [ours, ...bounds, ...others]) {
    const share =
      figure === ours ? '' : `  ours is ${(ours.median / figure.median).toFixed(2)} of it`
    process.stdout.write(`  ${line(figure)}${share}\n`)
  }
}

function line({ name, median, min, max, n }: Figure): string {
  const show = (value: number): string =>
    value >= 1_000 ? Math.round(value).toLocaleString('en') : value.toFixed(2)
  return `${name.padEnd(28)} ${show(median).padStart(12)}  (${show(min)} to ${show(max)}, n=${n})`
}

void main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
