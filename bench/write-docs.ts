/**
 * `npm run bench:docs -- REPORT.json`: writes `docs/benchmarks.md` from the report of a full run. The page holds
 * nothing that the report does not: to change a figure, measure again.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { shown } from '../runtime/bench/figure.ts'
import {
  type BenchReport,
  type CaseReport,
  type Figure,
  readReport,
} from '../runtime/bench/report.ts'
import { titleOf, verdictOf } from '../runtime/bench/show-figure.ts'

const page = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url))

function main(report: string | undefined, target: string = page): void {
  if (report === undefined) throw new Error('expected: npm run bench:docs -- REPORT.json [PAGE.md]')
  const found = readReport(report)
  if (found.quick) throw new Error(`${report} is of quick rounds: they hold no figures to show`)
  writeFileSync(target, benchmarksPage(found))
}

function benchmarksPage(report: BenchReport): string {
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`)
  return [
    '# Benchmarks',
    '',
    'Written from a report by `npm run bench:docs`; what each case does, and how to read this, is in',
    '[`bench/README.md`](../bench/README.md).',
    '',
    '| | |',
    '|---|---|',
    `| date | ${report.date.slice(0, 10)} |`,
    `| machine | ${cell(report.machine)} |`,
    `| versions | Node ${report.node}, ${versions.join(', ')} |`,
    `| command | \`${report.command}\` |`,
    '',
    '## Gates',
    '',
    '| case | must reach | found | |',
    '|---|---|---|---|',
    ...report.cases.flatMap(gateRows),
    '',
    ...report.cases.flatMap(caseLines),
  ].join('\n')
}

function gateRows({ case: name, gates }: CaseReport): string[] {
  return gates.map((gate) => {
    const found = gate.found === undefined ? '–' : shown(gate.found)
    return `| ${name} | ${cell(gate.text)} | ${found} | ${verdictOf(gate)}${gate.aim ? ', an aim' : ''} |`
  })
}

function caseLines(found: CaseReport): string[] {
  const { ours, others, bounds, peers, missing } = found
  return [
    `## ${found.case}`,
    '',
    `${found.what[0]?.toUpperCase()}${found.what.slice(1)}, in ${found.unit}; ${found.better} is better.`,
    '',
    '| | median | smallest to largest | of its bound | p50, p99, p99.9 ms | |',
    '|---|---|---|---|---|---|',
    ...[ours, ...others, ...bounds, ...peers].map(figureRow),
    '',
    ...missing.flatMap(({ name, why }) => [`Missing: ${name} (${why}).`, '']),
  ]
}

function figureRow(figure: Figure): string {
  const { median, min, max, toBound, latency, facts = {} } = figure
  const tail = latency && [latency.p50, latency.p99, latency.p999].map(shown).join(', ')
  const further = Object.entries(facts).map(([name, value]) => `${name} ${shown(value)}`)
  const cells = [
    cell(titleOf(figure)),
    shown(median),
    `${shown(min)} to ${shown(max)}`,
    toBound === undefined ? '' : shown(toBound.median),
    tail ?? '',
    cell(further.join(', ')),
  ]
  return `| ${cells.join(' | ')} |`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

try {
  main(process.argv[2], process.argv[3])
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 2
}
