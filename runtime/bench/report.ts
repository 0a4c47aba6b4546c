/**
 * What a benchmark run found out, as it is written to a file, compared and drawn. One shape for the
 * project's own cases and for the scenarios of users.
 *
 * Owns the shape and the check of a file that claims to have it. Numbers are in the unit beside them.
 */
import { readFileSync } from 'node:fs'
import { TroupeError } from '../../mailbox/errors.ts'

/** Which way a figure is good. */
export type Better = 'higher' | 'lower'

/** Several measurements of one thing, summed up. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  /** How many measurements. */
  readonly n: number
}

/** Latencies in ms, from an HDR histogram. */
export interface LatencyFigures {
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
  readonly count: number
  /** `[percentile, ms]`, for a plot. */
  readonly curve: readonly (readonly [number, number])[]
}

/** What rounds of one contestant took of the machine; all threads of the process together. */
export interface Usage {
  readonly cpuSeconds: number
  readonly gcMs: number
  /** Delay of the main thread's event loop in ms; absent where nothing may be disturbed by looking. */
  readonly delayP99?: number
}

/** Rounds of one contestant. */
export interface Figure extends Spread {
  readonly name: string
  /** Of a peer. */
  readonly version?: string
  /** As a share of its bound, round by round: both ran in the same minute. */
  readonly toBound?: Spread & { readonly bound: string }
  readonly latency?: LatencyFigures
  /** Further medians by name, with the unit in the name: `bytes/turn`. */
  readonly facts?: Readonly<Record<string, number>>
  readonly usage?: Usage
}

/** A peer that was to be measured and was not there. */
export interface MissingPeer {
  readonly name: string
  readonly why: string
}

/** What a case must reach, and whether it did. */
export interface GateFigure {
  /** For people: `ours / bound >= 0.6`. */
  readonly text: string
  readonly wanted: number
  /** Absent when a figure it needs is. */
  readonly found?: number
  /** Absent when it was not judged: a figure is missing, or the rounds were quick ones. */
  readonly reached?: boolean
  /** Worked towards, not required. */
  readonly aim: boolean
}

/** Measurements over the time of a run: `values[i]` was seen at `times[i]`. */
export interface Series {
  readonly name: string
  readonly unit: string
  /** Ms since the start. */
  readonly times: readonly number[]
  readonly values: readonly number[]
}

/** What one case found out. */
export interface CaseReport {
  readonly case: string
  readonly what: string
  readonly unit: string
  readonly better: Better
  readonly ours: Figure
  /** The bare machine doing the same work. */
  readonly bounds: readonly Figure[]
  readonly peers: readonly Figure[]
  /** Ours at other sizes or in other ways. */
  readonly others: readonly Figure[]
  readonly missing: readonly MissingPeer[]
  readonly gates: readonly GateFigure[]
  /** Highest resident memory of the process, all contestants together, in bytes. */
  readonly peakMemory: number
  readonly series?: readonly Series[]
}

/** A whole run. */
export interface BenchReport {
  readonly machine: string
  readonly node: string
  readonly versions: Readonly<Record<string, string>>
  /** ISO 8601. */
  readonly date: string
  readonly command: string
  /** Small rounds: the cases are correct, the figures mean little. */
  readonly quick: boolean
  readonly cases: readonly CaseReport[]
}

/**
 * Reads a report from a file.
 * @throws OPTION_INVALID naming the first thing that does not fit
 */
export function readReport(path: string): BenchReport {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new TroupeError('OPTION_INVALID', `${path}: ${(cause as Error).message}`, { cause })
  }
  const problem = reportProblem(value)
  if (problem === undefined) return value as BenchReport
  throw new TroupeError('OPTION_INVALID', `${path} is no benchmark report: ${problem}`)
}

/** The first thing that keeps a value from being a report; undefined when it is one. */
export function reportProblem(value: unknown): string | undefined {
  const { cases, ...rest } = fields(value)
  for (const name of ['machine', 'node', 'date', 'command']) {
    if (typeof rest[name] !== 'string') return `"${name}" must be a text`
  }
  if (!Array.isArray(cases)) return '"cases" must be a list'
  return firstOf(cases, (one, i) => caseProblem(one, `cases[${i}]`))
}

function caseProblem(value: unknown, path: string): string | undefined {
  const found = fields(value)
  for (const name of ['case', 'unit']) {
    if (typeof found[name] !== 'string') return `"${path}.${name}" must be a text`
  }
  if (found['better'] !== 'higher' && found['better'] !== 'lower') {
    return `"${path}.better" must be "higher" or "lower"`
  }
  const ours = figureProblem(found['ours'], `${path}.ours`)
  if (ours !== undefined) return ours
  return firstOf(['bounds', 'peers', 'others'], (list) => {
    const figures = found[list]
    if (!Array.isArray(figures)) return `"${path}.${list}" must be a list`
    return firstOf(figures, (one, i) => figureProblem(one, `${path}.${list}[${i}]`))
  })
}

function figureProblem(value: unknown, path: string): string | undefined {
  const found = fields(value)
  if (typeof found['name'] !== 'string') return `"${path}.name" must be a text`
  return firstOf(['median', 'min', 'max', 'n'], (name) =>
    typeof found[name] === 'number' ? undefined : `"${path}.${name}" must be a number`,
  )
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function firstOf<T>(
  values: readonly T[],
  problem: (value: T, i: number) => string | undefined,
): string | undefined {
  for (const [i, value] of values.entries()) {
    const found = problem(value, i)
    if (found !== undefined) return found
  }
  return undefined
}
