/**
 * Patches for readers: the places one changes, for diffs and blame.
 */

import { ARRAY, MAP, type Patch, RECORD, REPLACE, SET } from './patch-shape.ts'
import { entrySegment, indexSegment, joinPath, memberSegment, propertySegment } from './path.ts'

/** The places a patch changes, readable: `accounts.alice.balance`, `items[3..5]`. For diffs and blame. */
export function patchPaths(patch: Patch): string[] {
  return [...pathsBelow(patch, [])].map(joinPath)
}

function* pathsBelow(patch: Patch, above: readonly string[]): Generator<readonly string[]> {
  switch (patch[0]) {
    case REPLACE:
      yield above
      return
    case RECORD:
      for (const key of patch[3] ?? []) yield [...above, propertySegment(key)]
      yield* placesBelow(patch[1], patch[2], above, (key) => propertySegment(key as string))
      return
    case ARRAY:
      for (const segment of spliceSegments(patch[1])) yield [...above, segment]
      yield* placesBelow(patch[2], patch[3], above, (index) => indexSegment(index as number))
      return
    case MAP:
      for (const key of patch[3] ?? []) yield [...above, entrySegment(key)]
      yield* placesBelow(patch[1], patch[2], above, entrySegment)
      return
    case SET:
      for (const member of [...(patch[2] ?? []), ...patch[1]])
        yield [...above, memberSegment(member)]
      return
    default:
      patch satisfies never
  }
}

function* placesBelow(
  sets: readonly unknown[] = [],
  subs: readonly unknown[] = [],
  above: readonly string[],
  segment: (key: unknown) => string,
): Generator<readonly string[]> {
  for (let i = 0; i < sets.length; i += 2) yield [...above, segment(sets[i])]
  for (let i = 0; i < subs.length; i += 2) {
    yield* pathsBelow(subs[i + 1] as Patch, [...above, segment(subs[i])])
  }
}

/** Final index of each splice: `[3]` for one place, `[3..5]` for three inserted. */
function* spliceSegments(splices: readonly unknown[]): Generator<string> {
  let moved = 0
  for (let i = 0; i < splices.length; i += 3) {
    const inserted = (splices[i + 2] as unknown[]).length
    const at = (splices[i] as number) + moved
    yield inserted > 1 ? `[${at}..${at + inserted - 1}]` : indexSegment(at)
    moved += inserted - (splices[i + 1] as number)
  }
}
