/**
 * Two reports side by side: what moved beyond its spread, and which way.
 *
 * A figure moved when the median of each run lies outside of the other run's smallest and largest. Where
 * both have a bound, the share of the bound is compared and not the figure: the same machine may be twice
 * as fast an hour later, and the bound with it.
 */
import type { BenchReport, Better, CaseReport, Figure, Spread } from './report.ts'

/** One figure in both reports. */
export interface Movement {
  readonly case: string
  readonly figure: string
  /** What the numbers are: a unit, or that they are shares of the bound. */
  readonly unit: string
  readonly before: Spread
  readonly after: Spread
  /** After as a share of before. */
  readonly ratio: number
  readonly verdict: 'same' | 'better' | 'worse'
}

/** What two reports have in common and what only one has. */
export interface ReportComparison {
  readonly movements: readonly Movement[]
  readonly onlyBefore: readonly string[]
  readonly onlyAfter: readonly string[]
  /** Differences of machine and Node: then the comparison says little. */
  readonly circumstances: readonly string[]
}

/** Compares what both have; which runs they are is the caller's affair. */
export function compareReports(before: BenchReport, after: BenchReport): ReportComparison {
  const old = new Map(before.cases.map((one) => [one.case, one]))
  const names = new Set(after.cases.map((one) => one.case))
  return {
    movements: after.cases.flatMap((one) => {
      const other = old.get(one.case)
      return other === undefined ? [] : compareCases(other, one)
    }),
    onlyBefore: [...old.keys()].filter((name) => !names.has(name)),
    onlyAfter: [...names].filter((name) => !old.has(name)),
    circumstances: (['machine', 'node', 'quick'] as const).flatMap((name) =>
      before[name] === after[name] ? [] : [`${name}: ${before[name]}, then ${after[name]}`],
    ),
  }
}

/** Ours and ours at other sizes; bounds and peers are not what is under test. */
function compareCases(before: CaseReport, after: CaseReport): Movement[] {
  const figures = [after.ours, ...after.others]
  return figures.flatMap((figure) => {
    const old = [before.ours, ...before.others].find(({ name }) => name === figure.name)
    return old === undefined ? [] : [movementOf(before, after, old, figure)]
  })
}

function movementOf(
  { case: name, unit, better }: CaseReport,
  after: CaseReport,
  old: Figure,
  figure: Figure,
): Movement {
  const isShare = old.toBound !== undefined && figure.toBound !== undefined && unit === after.unit
  const from = (isShare ? old.toBound : undefined) ?? old
  const to = (isShare ? figure.toBound : undefined) ?? figure
  return {
    case: name,
    figure: figure.name,
    unit: isShare ? 'of the bound' : unit,
    before: from,
    after: to,
    ratio: to.median / from.median,
    verdict: verdictOf(from, to, better),
  }
}

function verdictOf(before: Spread, after: Spread, better: Better): Movement['verdict'] {
  if (within(after.median, before) || within(before.median, after)) return 'same'
  return after.median > before.median === (better === 'higher') ? 'better' : 'worse'
}

function within(value: number, { min, max }: Spread): boolean {
  return value >= min && value <= max
}
