/**
 * `npm run bench`: runs cases, each in a fresh process, and prints what they found. Progress goes to
 * standard error.
 */
import { parseArgs } from 'node:util'
import { compareReports } from '../runtime/bench/compare.ts'
import { circumstances } from '../runtime/bench/machine.ts'
import { type BenchReport, type CaseReport, readReport } from '../runtime/bench/report.ts'
import { caseLines, comparisonLines, hasRegressed, writeReport } from '../runtime/bench/show.ts'
import { chosenCases, runInChild } from './children.ts'
import { installPeers } from './peers/install.ts'

const help = `usage: npm run bench -- [options]
       npm run bench -- list
       npm run bench -- compare OLD.json NEW.json

Runs benchmark cases, each in a fresh process, ours, bound and peers in turn.

  --case A,B      only these
  --quick         small rounds: the cases are correct, the figures mean little; installs no peer
  --rounds N      counted rounds of each contestant, instead of what the case says
  --json FILE     writes the report as JSON; - is standard output
  --html FILE     writes the report as one page with plots
  --cpu-prof DIR  writes a CPU profile of each case

Exit code 0: done; 1: a case failed; 2: misused; 4: compare found a regression.
`

const options = {
  case: { type: 'string' },
  quick: { type: 'boolean', default: false },
  rounds: { type: 'string' },
  json: { type: 'string' },
  html: { type: 'string' },
  'cpu-prof': { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

class Misuse extends Error {}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parsed(args)
  if (values.help) return write(help)
  const [verb, ...rest] = positionals
  if (verb === 'list') return write(`${chosenCases(undefined).join('\n')}\n`)
  if (verb === 'compare') return compare(rest)
  if (verb !== undefined) throw new Misuse(`no "${verb}"; there are list and compare`)
  return runCases(values, args)
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options })
  } catch (error) {
    throw new Misuse((error as Error).message)
  }
}

function compare(files: readonly string[]): number {
  const [before, after] = files
  if (before === undefined || after === undefined || files.length > 2) {
    throw new Misuse('expected: compare OLD.json NEW.json')
  }
  const comparison = compareReports(readReport(before), readReport(after))
  write(`${comparisonLines(comparison).join('\n')}\n`)
  return hasRegressed(comparison) ? 4 : 0
}

interface RunOptions {
  readonly case?: string | undefined
  readonly quick: boolean
  readonly rounds?: string | undefined
  readonly json?: string | undefined
  readonly html?: string | undefined
  readonly 'cpu-prof'?: string | undefined
}

async function runCases(options: RunOptions, args: readonly string[]): Promise<number> {
  const names = chosenCases(options.case)
  const rounds = roundsOf(options)
  if (!options.quick) await installPeers()
  const cases: CaseReport[] = []
  const failed: string[] = []
  for (const name of names) {
    try {
      const found = await runInChild(name, {
        quick: options.quick,
        rounds,
        profiles: options['cpu-prof'],
      })
      cases.push(found)
      if (options.json !== '-') write(`${caseLines(found).join('\n')}\n`)
    } catch (error) {
      failed.push(name)
      process.stderr.write(`${(error as Error).message}\n`)
    }
  }
  const command = ['npm run bench --', ...args].join(' ')
  const report: BenchReport = { ...circumstances(command), quick: options.quick, cases }
  writeReport(report, options)
  if (failed.length === 0) return 0
  process.stderr.write(`failed: ${failed.join(', ')}\n`)
  return 1
}

function roundsOf({ rounds, quick }: RunOptions): number | undefined {
  if (rounds === undefined) return undefined
  if (quick) throw new Misuse('"--quick" has one round: leave "--rounds" out')
  if (/^[1-9]\d{0,3}$/.test(rounds)) return Number(rounds)
  throw new Misuse(`"--rounds" must be an integer from 1 to 9999, got ${rounds}`)
}

function write(text: string): 0 {
  process.stdout.write(text)
  return 0
}

void main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    const misused =
      error instanceof Misuse || (error as { code?: string }).code === 'OPTION_INVALID'
    process.stderr.write(`${misused ? (error as Error).message : String((error as Error).stack)}\n`)
    process.exitCode = misused ? 2 : 1
  },
)
