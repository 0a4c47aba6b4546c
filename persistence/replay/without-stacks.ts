/**
 * Values without the stacks of errors in them: where a handler stands in its file, and where that file
 * stands on a machine, is no part of what was said.
 */

/** An error as a record has it, wherever it lies in a value. */
function isError(value: object): boolean {
  const { name, message, stack } = value as Record<string, unknown>
  return typeof name === 'string' && typeof message === 'string' && typeof stack === 'string'
}

/** The same value; copied where it holds a stack or may hold one. */
export function withoutStacks(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withoutStacks)
  if (value instanceof Map)
    return new Map([...value].map(([key, one]) => [key, withoutStacks(one)]))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  const entries = Object.entries(value)
  const said = isError(value) ? entries.filter(([key]) => key !== 'stack') : entries
  return Object.fromEntries(said.map(([key, one]) => [key, withoutStacks(one)]))
}
