/** Reports by hand, for the tests of what is done with them. */
import { spreadOf } from '../../runtime/bench/figure.ts'
import type { BenchReport, CaseReport, Figure } from '../../runtime/bench/report.ts'

export function figure(name: string, ...values: number[]): Figure {
  return { name, ...spreadOf(values) }
}

export function aCase(name: string, ours: Figure, more: Partial<CaseReport> = {}): CaseReport {
  return {
    case: name,
    what: 'something',
    unit: 'messages/s',
    better: 'higher',
    ours,
    bounds: [],
    peers: [],
    others: [],
    missing: [],
    gates: [],
    peakMemory: 1,
    ...more,
  }
}

export function report(...cases: CaseReport[]): BenchReport {
  return {
    machine: 'two cores',
    node: 'v24.0.0',
    versions: {},
    date: '2026-11-25T00:00:00.000Z',
    command: 'npm run bench',
    quick: false,
    cases,
  }
}
