/**
 * Checks an options object once, at the edge. An unknown option is an error that names the nearest
 * known one, because a misspelt limit that is silently ignored is the worst kind of bug.
 */
import { shown, TroupeError } from './errors.ts'

/** Says what was expected when a value does not fit, or undefined when it does. */
export type OptionCheck = (value: unknown) => string | undefined

export const anInteger =
  (min: number, max: number = Number.MAX_SAFE_INTEGER): OptionCheck =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : max === Number.MAX_SAFE_INTEGER
        ? `an integer of at least ${min}`
        : `an integer from ${min} to ${max}`

export const aDuration: OptionCheck = (value) =>
  typeof value === 'number' && value >= 0 && !Number.isNaN(value)
    ? undefined
    : 'a number of milliseconds, 0 or more'

export const aBoolean: OptionCheck = (value) =>
  typeof value === 'boolean' ? undefined : 'true or false'

export const aText: OptionCheck = (value) =>
  typeof value === 'string' && value.length > 0 ? undefined : 'a non-empty text'

export const anAddressText: OptionCheck = (value) =>
  typeof value === 'string' && value.includes('/') ? undefined : 'an address as text, "type/key"'

export const aFunction: OptionCheck = (value) =>
  typeof value === 'function' ? undefined : 'a function'

export const anObject: OptionCheck = (value) =>
  typeof value === 'object' && value !== null ? undefined : 'an object'

export const anArray: OptionCheck = (value) => (Array.isArray(value) ? undefined : 'an array')

export const aSignal: OptionCheck = (value) =>
  value instanceof AbortSignal ? undefined : 'an AbortSignal'

export const oneOf =
  (...values: readonly unknown[]): OptionCheck =>
  (value) =>
    values.includes(value)
      ? undefined
      : `one of ${values.map((known) => JSON.stringify(known)).join(', ')}`

/**
 * @param what names the call in the error, for example `createSystem`
 * @throws OPTION_INVALID naming option, expectation, value and type
 */
export function checkOptions(
  what: string,
  given: unknown,
  checks: Readonly<Record<string, OptionCheck>>,
): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given) || 'then' in given) {
    throw new TroupeError(
      'OPTION_INVALID',
      `${what}: expected an options object, got ${show(given)}`,
    )
  }
  for (const [name, value] of Object.entries(given)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined
    if (check === undefined) throw unknownOption(what, name, Object.keys(checks))
    const expected = value === undefined ? undefined : check(value)
    if (expected === undefined) continue
    throw new TroupeError(
      'OPTION_INVALID',
      `${what}: option "${name}" must be ${expected}, got ${show(value)}`,
      { fields: { option: name } },
    )
  }
}

function unknownOption(what: string, name: string, known: readonly string[]): TroupeError {
  const near = nearest(name, known)
  const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean "${near}"?`
  return new TroupeError('OPTION_INVALID', `${what}: unknown option "${name}"; ${hint}`, {
    fields: { option: name },
  })
}

/** The known name closest to a misspelt one, if any is close. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}

function show(value: unknown): string {
  const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  return plain ? `${shown(value)} (${typeof value})` : shown(value)
}
