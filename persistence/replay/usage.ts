/**
 * What calls of models used, as their recorded results tell: a result with a field `usage` that holds
 * numbers, and `failedAttempts` with the same before it. By these names only: whose port it is matters
 * to nobody here.
 */

/** Sums by the names in `usage`: `inputTokens`, `outputTokens`, `cost`. */
export type Usage = Readonly<Record<string, number>>

/** What one result used; undefined for one that tells nothing. */
export function usageOf(result: unknown): Usage | undefined {
  const { usage, failedAttempts } = fieldsOf(result)
  const attempts = Array.isArray(failedAttempts) ? failedAttempts : []
  const all = [usage, ...attempts.map((attempt) => fieldsOf(attempt)['usage'])].map(numbersIn)
  const sum = all.reduce(added)
  return Object.keys(sum).length === 0 ? undefined : sum
}

export function added(a: Usage, b: Usage): Usage {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return Object.fromEntries([...names].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]))
}

function numbersIn(usage: unknown): Usage {
  const numbers = Object.entries(fieldsOf(usage)).filter(([, value]) => Number.isFinite(value))
  return Object.fromEntries(numbers) as Usage
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
