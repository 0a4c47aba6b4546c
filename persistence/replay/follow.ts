/**
 * New records of a running system as they are committed. The file is polled, because another process
 * writes it: often while something comes, seldom while nothing does (S4 is the writer's law, a reader
 * that was asked to follow wakes at most every `slowest` ms).
 */
import type { HistoryReader } from '../history-reader.ts'
import type { Damage, StoredRecord } from '../stored.ts'
import type { HistoryFilter } from './filter.ts'
import { selectRecords } from './scan.ts'

/** First wait after something came, in ms; each empty look doubles it. */
const fastest = 25
/** Longest wait between two looks, in ms. */
const slowest = 800

/** From where to follow a history, and how to stop. */
export interface FollowOptions {
  /** Ends the following. */
  readonly signal: AbortSignal
  /** Waits so many ms, or until the signal fires; then it may reject. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Records from `filter.first` on that the filter wants, and after the end those that come. */
export async function* followRecords(
  reader: HistoryReader,
  filter: HistoryFilter,
  { signal, wait }: FollowOptions,
): AsyncGenerator<StoredRecord | Damage, void, void> {
  let first = filter.first ?? 1
  let pause = fastest
  while (!signal.aborted) {
    const last = reader.position
    if (last >= first) {
      yield* selectRecords(reader, { ...filter, first, last })
      first = last + 1
      pause = fastest
    } else {
      await wait(pause, signal).catch(() => undefined)
      pause = Math.min(slowest, pause * 2)
    }
  }
}
