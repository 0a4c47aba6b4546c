/** A report as text, and where it goes: lines for people, JSON for scripts, one page with plots. */
import { writeFileSync } from 'node:fs'
import type { ReportComparison } from './compare.ts'
import { shown } from './figure.ts'
import { htmlReport } from './html.ts'
import type { BenchReport, CaseReport, Figure } from './report.ts'
import { gateLine, megabytes, titleOf } from './show-figure.ts'

/** Where a report goes, beside the lines for people. */
export interface ReportTargets {
  /** A file, or `-` for standard output. */
  readonly json?: string | undefined
  readonly html?: string | undefined
}

/** @param stdout who gets the JSON of `-` */
export function writeReport(
  report: BenchReport,
  { json, html }: ReportTargets,
  stdout: { write(text: string): unknown } = process.stdout,
): void {
  const text = `${JSON.stringify(report, null, 2)}\n`
  if (json === '-') stdout.write(text)
  else if (json !== undefined) writeFileSync(json, text)
  if (html !== undefined) writeFileSync(html, htmlReport(report))
}

export function caseLines(found: CaseReport): string[] {
  const { ours, bounds, peers, others } = found
  const rows = [ours, ...bounds, ...peers, ...others]
  const width = Math.max(...rows.map((figure) => titleOf(figure).length))
  return [
    `${found.case}: ${found.what} (${found.unit}, ${found.better} is better)`,
    ...rows.flatMap((figure) => figureLines(figure, found, width)),
    ...found.missing.map(({ name, why }) => `  missing: ${name} (${why})`),
    ...found.gates.map((gate) => `  ${gateLine(gate)}`),
    `  peak memory ${megabytes(found.peakMemory)}`,
  ]
}

function figureLines(figure: Figure, { ours, others }: CaseReport, width: number): string[] {
  const { median, min, max, n, toBound, latency, facts, usage } = figure
  const isOurs = figure === ours || others.includes(figure)
  const share = isOurs || median === 0 ? '' : `  ours / it = ${shown(ours.median / median)}`
  const paired = toBound === undefined ? '' : `  ${shown(toBound.median)} of ${toBound.bound}`
  const further = [
    ...(latency === undefined ? [] : [latencyText(latency)]),
    ...Object.entries(facts ?? {}).map(([name, value]) => `${name} ${shown(value)}`),
    ...(usage === undefined ? [] : [usageText(usage)]),
  ]
  return [
    `  ${titleOf(figure).padEnd(width)} ${shown(median).padStart(12)}  (${shown(min)} to ${shown(max)}, n=${n})${paired}${share}`,
    ...(further.length > 0 ? [`    ${further.join(' · ')}`] : []),
  ]
}

function latencyText({ p50, p99, p999, max }: NonNullable<Figure['latency']>): string {
  return `p50 ${shown(p50)} ms, p99 ${shown(p99)} ms, p99.9 ${shown(p999)} ms, max ${shown(max)} ms`
}

function usageText({ cpuSeconds, gcMs, delayP99 }: NonNullable<Figure['usage']>): string {
  const delay = delayP99 === undefined ? '' : `, loop delay p99 ${shown(delayP99)} ms`
  return `CPU ${shown(cpuSeconds)} s, GC ${shown(gcMs)} ms${delay}`
}

/** What moved; a line says so when nothing did. */
export function comparisonLines(comparison: ReportComparison): string[] {
  const { movements, onlyBefore, onlyAfter, circumstances } = comparison
  const moved = movements.filter(({ verdict }) => verdict !== 'same')
  return [
    ...circumstances.map((text) => `! not measured alike: ${text}`),
    ...moved.map(
      ({ case: name, figure, unit, before, after, ratio, verdict }) =>
        `${verdict.padEnd(6)} ${name}: ${figure}  ${shown(before.median)} → ${shown(after.median)} ${unit}  (×${shown(ratio)})`,
    ),
    ...onlyBefore.map((name) => `gone   ${name}`),
    ...onlyAfter.map((name) => `new    ${name}`),
    `${movements.length} figures compared, ${moved.length} moved beyond their spread`,
  ]
}

export function hasRegressed({ movements }: ReportComparison): boolean {
  return movements.some(({ verdict }) => verdict === 'worse')
}
