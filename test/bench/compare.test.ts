/** What counts as having moved: never a figure within its own spread, and the share of the bound first. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareReports } from '../../runtime/bench/compare.ts'
import { spreadOf } from '../../runtime/bench/figure.ts'
import type { CaseReport, Figure } from '../../runtime/bench/report.ts'
import { comparisonLines, hasRegressed } from '../../runtime/bench/show.ts'
import { aCase, figure, report } from './reports.ts'

function verdicts(before: CaseReport, after: CaseReport): string[] {
  const { movements } = compareReports(report(before), report(after))
  return movements.map(({ figure: name, verdict }) => `${name} ${verdict}`)
}

test('bench: a figure within the spread of the other run has not moved', () => {
  const before = aCase('a', figure('ours', 90, 100, 110))
  assert.deepEqual(verdicts(before, aCase('a', figure('ours', 50, 92, 95))), ['ours same'])
  assert.deepEqual(verdicts(before, aCase('a', figure('ours', 95, 111, 120))), ['ours same'])
})

test('bench: a figure beyond both spreads is better or worse, as its case says', () => {
  const fast = aCase('a', figure('ours', 90, 100, 110))
  const slow = aCase('a', figure('ours', 50, 60, 70))
  assert.deepEqual(verdicts(fast, slow), ['ours worse'])
  assert.deepEqual(verdicts(slow, fast), ['ours better'])
  assert.deepEqual(verdicts({ ...fast, better: 'lower' }, { ...slow, better: 'lower' }), [
    'ours better',
  ])
})

test('bench: on a machine that is half as fast today the share of the bound counts', () => {
  const share = (values: number[], ...shares: number[]): Figure => ({
    ...figure('ours', ...values),
    toBound: { bound: 'bare', ...spreadOf(shares) },
  })
  const before = aCase('a', share([100, 110, 120], 0.58, 0.6, 0.62))
  assert.deepEqual(verdicts(before, aCase('a', share([50, 55, 60], 0.59, 0.6, 0.63))), [
    'ours same',
  ])
  const slower = aCase('a', share([100, 110, 120], 0.3, 0.31, 0.32))
  const { movements } = compareReports(report(before), report(slower))
  assert.equal(movements[0]?.verdict, 'worse')
  assert.equal(movements[0]?.unit, 'of the bound')
})

test('bench: cases that only one report has are named, and other machines too', () => {
  const before = report(aCase('gone', figure('ours', 1)))
  const after = { ...report(aCase('new', figure('ours', 1))), node: 'v26.0.0' }
  const comparison = compareReports(before, after)
  assert.deepEqual(comparisonLines(comparison), [
    '! not measured alike: node: v24.0.0, then v26.0.0',
    'gone   gone',
    'new    new',
    '0 figures compared, 0 moved beyond their spread',
  ])
  assert.equal(hasRegressed(comparison), false)
})
