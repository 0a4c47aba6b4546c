/** The differences between two values as places with both sides, for people and for a test's message. */
import { isDeepStrictEqual } from 'node:util'
import { entrySegment, indexSegment, joinPath, memberSegment, propertySegment } from '../path.ts'

/** One place where two values differ. A side that is absent has no such place. */
export interface Difference {
  /** Empty for the values themselves. */
  readonly path: string
  readonly before?: { readonly value: unknown }
  readonly after?: { readonly value: unknown }
}

/** Places that differ, outermost first, in the order of the values; none for equal values. */
export function* differences(before: unknown, after: unknown): Generator<Difference> {
  // Where a state begins or ends there is but one side.
  if (before === undefined && after !== undefined) yield { path: '', after: { value: after } }
  else if (after === undefined && before !== undefined)
    yield { path: '', before: { value: before } }
  else yield* between(before, after, [])
}

function* between(
  before: unknown,
  after: unknown,
  above: readonly string[],
): Generator<Difference> {
  if (isDeepStrictEqual(before, after)) return
  if (before instanceof Map && after instanceof Map) {
    yield* keyed(before, after, above, entrySegment)
  } else if (before instanceof Set && after instanceof Set) {
    yield* members(before, after, above)
  } else if (Array.isArray(before) && Array.isArray(after)) {
    yield* elements(before, after, above)
  } else if (isRecord(before) && isRecord(after)) {
    const left = new Map(Object.entries(before))
    yield* keyed(left, new Map(Object.entries(after)), above, propertySegment)
  } else {
    yield { path: joinPath(above), before: { value: before }, after: { value: after } }
  }
}

function* keyed<K>(
  before: ReadonlyMap<K, unknown>,
  after: ReadonlyMap<K, unknown>,
  above: readonly string[],
  segment: (key: K) => string,
): Generator<Difference> {
  let found = false
  for (const [key, value] of before) {
    const place = [...above, segment(key)]
    if (!after.has(key)) {
      found = true
      yield { path: joinPath(place), before: { value } }
      continue
    }
    for (const one of between(value, after.get(key), place)) {
      found = true
      yield one
    }
  }
  for (const [key, value] of after) {
    if (before.has(key)) continue
    found = true
    yield { path: joinPath([...above, segment(key)]), after: { value } }
  }
  // Equal but for the order of their keys, which is part of a state.
  if (!found && !isDeepStrictEqual([...before.keys()], [...after.keys()])) {
    const [left, right] = [[...before.keys()], [...after.keys()]]
    yield { path: joinPath(above), before: { value: left }, after: { value: right } }
  }
}

function* members(
  before: ReadonlySet<unknown>,
  after: ReadonlySet<unknown>,
  above: readonly string[],
): Generator<Difference> {
  for (const member of before) {
    if (after.has(member)) continue
    yield { path: joinPath([...above, memberSegment(member)]), before: { value: member } }
  }
  for (const member of after) {
    if (before.has(member)) continue
    yield { path: joinPath([...above, memberSegment(member)]), after: { value: member } }
  }
}

/** What both begin and end with is passed over, so that one inserted element is one difference. */
function* elements(
  before: readonly unknown[],
  after: readonly unknown[],
  above: readonly string[],
): Generator<Difference> {
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && isDeepStrictEqual(before[start], after[start])) start += 1
  let end = 0
  while (
    end < shorter - start &&
    isDeepStrictEqual(before[before.length - 1 - end], after[after.length - 1 - end])
  ) {
    end += 1
  }
  const [left, right] = [before.length - end, after.length - end]
  for (let i = start; i < Math.max(left, right); i += 1) {
    const place = [...above, indexSegment(i)]
    if (i >= right) yield { path: joinPath(place), before: { value: before[i] } }
    else if (i >= left) yield { path: joinPath(place), after: { value: after[i] } }
    else yield* between(before[i], after[i], place)
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
