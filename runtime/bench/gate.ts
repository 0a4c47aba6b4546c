/**
 * What a case must reach, written as data beside the case, and judged once its rounds are done.
 *
 * A gate compares one figure, ours unless it names another, with a bound, a peer or a number. A missing
 * figure is never a gate reached.
 */
import { shown } from './figure.ts'
import type { Better, CaseReport, Figure, GateFigure } from './report.ts'

interface Subject {
  /** Whose figure; ours unless named. */
  readonly of?: string
  /** `p50`, `p99` or `p999` of its latencies, or one of its facts, instead of its median. */
  readonly fact?: string
  /** Which way is good, when it is not the case's own. */
  readonly better?: Better
  /** Worked towards, not required. */
  readonly aim?: boolean
}

export type Gate = Subject &
  (
    | { readonly ratioToBound: number }
    /** Another contestant by name: a bound, a peer, or ours in another way. */
    | { readonly ratioTo: string; readonly wanted: number }
    | { readonly limit: number }
  )

type Judged = Pick<CaseReport, 'better' | 'unit' | 'ours' | 'bounds' | 'peers' | 'others'>

/** @param quick figures are shown, and nothing is said about having reached them */
export function judge(gate: Gate, found: Judged, quick: boolean): GateFigure {
  const better = gate.better ?? found.better
  const { value, reference, wanted } = measure(gate, found)
  const subject = [gate.of ?? 'ours', gate.fact].filter((part) => part !== undefined).join(' ')
  const unit = 'limit' in gate && gate.fact === undefined ? ` ${found.unit}` : ''
  const isFound = value !== undefined && Number.isFinite(value)
  return {
    text: `${subject}${reference === undefined ? '' : ` / ${reference}`} ${better === 'higher' ? '≥' : '≤'} ${shown(wanted)}${unit}`,
    wanted,
    ...(isFound && { found: value }),
    ...(isFound && !quick && { reached: better === 'higher' ? value >= wanted : value <= wanted }),
    aim: gate.aim ?? false,
  }
}

interface Measured {
  readonly value: number | undefined
  readonly reference?: string
  readonly wanted: number
}

function measure(gate: Gate, found: Judged): Measured {
  const { ours, bounds, peers, others } = found
  const named = (name: string | undefined): Figure | undefined =>
    [ours, ...bounds, ...peers, ...others].find((one) => one.name === name)
  const subject = gate.of === undefined ? ours : named(gate.of)
  const own = read(subject, gate.fact)
  if ('limit' in gate) return { value: own, wanted: gate.limit }
  const isBound = 'ratioToBound' in gate
  const reference = isBound ? (subject?.toBound?.bound ?? 'its bound') : gate.ratioTo
  const wanted = isBound ? gate.ratioToBound : gate.wanted
  // Round by round where both were measured so: less of it is the machine's mood.
  if (isBound && gate.fact === undefined)
    return { value: subject?.toBound?.median, reference, wanted }
  const other = read(named(reference), gate.fact)
  return {
    value: own === undefined || other === undefined ? undefined : own / other,
    reference,
    wanted,
  }
}

function read(figure: Figure | undefined, fact: string | undefined): number | undefined {
  if (fact === undefined) return figure?.median
  if (fact === 'p50' || fact === 'p99' || fact === 'p999') return figure?.latency?.[fact]
  return figure?.facts?.[fact]
}
