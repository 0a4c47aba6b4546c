/**
 * Many walks at once, in one sweep from the newest record to the oldest: a segment that several actors
 * have records in is read once. The walk that wants the newest record is on top of a binary heap, so
 * that a record costs the same however many actors are under way.
 */
import type { ChainWalk } from './chain-walk.ts'
import type { Places } from './places.ts'
import type { Damage } from './stored.ts'

/** Finds the segment with a position. */
export type PlacesOf = (position: number) => Places | Damage | undefined

/** Runs all walks to their end. */
export function sweep(walks: readonly ChainWalk[], placesOf: PlacesOf): void {
  const heap = walks.filter(({ next }) => next !== 0)
  for (let at = heap.length >> 1; at >= 0; at -= 1) sink(heap, at)
  while (heap.length > 0) {
    const places = placesOf((heap[0] as ChainWalk).next)
    if (places === undefined || !('segment' in places)) step(heap, places)
    else takeAll(heap, places)
  }
}

/** Feeds the walks all their records that lie in this segment. */
function takeAll(heap: ChainWalk[], places: Places): void {
  const from = places.segment.position
  for (let top = heap[0]; top !== undefined && top.next >= from; top = heap[0]) {
    step(heap, places.at(top.next))
  }
}

/** The walk on top takes what it wanted, and finds its place again. */
function step(heap: ChainWalk[], found: Parameters<ChainWalk['take']>[0]): void {
  const walk = heap[0] as ChainWalk
  walk.take(found)
  if (walk.next === 0) {
    const last = heap.pop() as ChainWalk
    if (last !== walk) heap[0] = last
  }
  sink(heap, 0)
}

/** Moves a walk down to where none below it wants a newer record. */
function sink(heap: ChainWalk[], from: number): void {
  const walk = heap[from]
  if (walk === undefined) return
  let at = from
  for (let child = newestChild(heap, at); child > 0; child = newestChild(heap, at)) {
    const below = heap[child] as ChainWalk
    if (below.next <= walk.next) break
    heap[at] = below
    at = child
  }
  heap[at] = walk
}

/** 0 where there is none. */
function newestChild(heap: readonly ChainWalk[], at: number): number {
  const left = heap[at * 2 + 1]
  if (left === undefined) return 0
  const right = heap[at * 2 + 2]
  return right !== undefined && right.next > left.next ? at * 2 + 2 : at * 2 + 1
}
