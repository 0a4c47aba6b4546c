/** Queries over the recorded history. Where it is read is the store's business. */
import { type LaneName, laneNames } from '../../mailbox/lane.ts'
import { anAddressText, anInteger, aSignal, aText, checkOptions } from '../../mailbox/options.ts'
import { decodeValue } from '../../persistence/codec.ts'
import type { HistoryAsk, HistoryMatch, HistoryPage, StoredEntry } from '../store/history-page.ts'

/** Which entries to return, and how many. */
export interface HistoryQuery extends HistoryMatch {
  /** Position after which to start. */
  readonly after?: number
  /** Most entries; for `query` 1,000 by default. */
  readonly limit?: number
  /** Ends the reading between two entries. */
  readonly signal?: AbortSignal
}

/** What happened to one message in one record. */
export interface HistoryEntry extends Omit<StoredEntry, 'lane' | 'payload'> {
  readonly lane: LaneName
  readonly payload: unknown
}

const checks = {
  from: anAddressText,
  to: anAddressText,
  type: aText,
  name: aText,
  topic: aText,
  since: anInteger(0),
  until: anInteger(0),
  cause: aText,
  after: anInteger(0),
  limit: anInteger(1),
  signal: aSignal,
}

/** Reads one page. */
export type HistorySource = (ask: HistoryAsk) => Promise<HistoryPage>

export class History {
  readonly #source: HistorySource | undefined

  /** @param source undefined without a store: then there are no entries */
  constructor(source: HistorySource | undefined) {
    this.#source = source
  }

  /** Entries in the order of the history, at most `limit` of them. */
  async query(query: HistoryQuery = {}): Promise<HistoryEntry[]> {
    checkOptions('history query', query, checks)
    const found: HistoryEntry[] = []
    const limit = query.limit ?? 1_000
    for await (const entry of this.read({ ...query, limit })) found.push(entry)
    return found
  }

  /**
   * Entries as they are read, a page in memory at a time; all of them unless `limit` is given. Stop by
   * leaving the loop, or with `signal`.
   * @throws OPTION_INVALID, the signal's reason, SYSTEM_CLOSED
   */
  async *read(query: HistoryQuery = {}): AsyncGenerator<HistoryEntry, void, void> {
    checkOptions('history query', query, checks)
    const { after = 0, limit = Number.POSITIVE_INFINITY, signal, ...match } = query
    let left = limit
    for (let from: number | undefined = after + 1; from !== undefined && this.#source; ) {
      signal?.throwIfAborted()
      const page: HistoryPage = await this.#source({ match, from })
      for (const entry of page.entries) {
        signal?.throwIfAborted()
        yield entryOf(entry)
        left -= 1
        if (left === 0) return
      }
      from = page.next
    }
  }
}

function entryOf({ lane, payload, ...entry }: StoredEntry): HistoryEntry {
  return {
    ...entry,
    lane: laneNames[lane] ?? 'normal',
    payload: payload && decodeValue(payload),
  }
}
