/** Measurements summed up. Median, smallest and largest: a mean hides what a run was like. */
import type { Spread } from './report.ts'

/** @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    median: medianOf(sorted),
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    n: sorted.length,
  }
}

/** Of an even number the mean of the two in the middle. */
function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper
}

/** Round by round as a share of what ran beside it. */
export function sharesOf(values: readonly number[], beside: readonly number[]): Spread {
  return spreadOf(values.map((value, i) => value / (beside[i] ?? Number.NaN)))
}

/** A figure as people read it: three digits, or whole thousands. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (Number.isInteger(value)) return value.toLocaleString('en')
  const size = Math.abs(value)
  if (size >= 1_000) return Math.round(value).toLocaleString('en')
  if (size >= 100) return value.toFixed(0)
  if (size >= 10) return value.toFixed(1)
  return size >= 0.01 || size === 0 ? value.toFixed(2) : value.toPrecision(2)
}
