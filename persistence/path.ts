/**
 * How a place inside a value is written in errors and diffs: `items[3].at`, `index.get("a")`.
 *
 * Owns the spelling only. A path is built from segments after something went wrong or for display;
 * nothing on the way of a message or turn computes one.
 */

const identifier = /^[\p{L}_$][\p{L}\p{N}_$]*$/u

/** A property of an object: `.name`, or `["odd name"]`. */
export function propertySegment(key: string): string {
  return identifier.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

/** An element of an array: `[3]`. */
export function indexSegment(index: number): string {
  return `[${index}]`
}

/** The value a Map holds under a key: `.get("a")`. */
export function entrySegment(key: unknown): string {
  return `.get(${spellKey(key)})`
}

/** A member of a Set, or a key of a Map: `{"a"}`. */
export function memberSegment(member: unknown): string {
  return `{${spellKey(member)}}`
}

/** Joins segments, outermost first: `items[3].at`. The root itself is the empty path. */
export function joinPath(segments: readonly string[]): string {
  const path = segments.join('')
  return path.startsWith('.') ? path.slice(1) : path
}

/** A path of at most so many characters: its middle gives way. */
export function cutPath(path: string, most: number): string {
  if (path.length <= most) return path
  const half = Math.floor((most - 1) / 2)
  return `${path.slice(0, half)}…${path.slice(-half)}`.toWellFormed()
}

function spellKey(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key)
  if (typeof key === 'bigint') return `${key}n`
  return typeof key === 'object' && key !== null ? 'object' : String(key)
}
