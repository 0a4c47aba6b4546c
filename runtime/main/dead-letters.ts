/**
 * The dead letters of a system: kept in the store where there is one, listed newest first, filtered,
 * and sent again at most three times each.
 */

import { decodeError, type encodeError } from '../../actors/cell/error-data.ts'
import type { DeadLetter, DeadLetterReason } from '../../mailbox/dead-letter.ts'
import { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { type LaneNumber, laneNames } from '../../mailbox/lane.ts'
import { formatMessageId } from '../../mailbox/message-id.ts'
import type { TellOutcome } from '../../mailbox/outcome.ts'
import { decodeValue, encodeValue } from '../../persistence/codec.ts'
import { PartFlag, PartKind, RecordKind } from '../../persistence/record.ts'
import type { StoredMessage, StoredRecord } from '../../persistence/stored.ts'
import type { Peer } from '../peer/peer.ts'
import type { StoreClient } from '../peer/store-client.ts'
import type { LetterData } from '../wire/host-control.ts'

/** Letters kept in memory; without a store the oldest are forgotten beyond it. */
export const letterLimit = 10_000
/** How often one letter may be sent again. */
export const replayLimit = 3

/** Which letters to list. Absent fields match everything. */
export interface DeadLetterFilter {
  readonly to?: string
  readonly type?: string
  readonly reason?: DeadLetterReason
  /** Wall time in ms. */
  readonly since?: number
  /** Default 100. */
  readonly limit?: number
}

/** A letter with what is needed to send it again. */
interface Kept {
  readonly letter: DeadLetter
  readonly payload: Uint8Array | undefined
  replays: number
}

export class DeadLetters {
  readonly #peer: Peer
  readonly #store: StoreClient | undefined
  readonly #kept = new Map<string, Kept>()
  #total = 0

  constructor(peer: Peer, store: StoreClient | undefined) {
    this.#peer = peer
    this.#store = store
  }

  /** Letters since the system started, forgotten ones included. */
  get total(): number {
    return this.#total
  }

  /** Newest first. */
  list(filter: DeadLetterFilter = {}): DeadLetter[] {
    const found: DeadLetter[] = []
    for (const kept of [...this.#kept.values()].reverse()) {
      if (found.length >= (filter.limit ?? 100)) break
      if (matches(kept.letter, filter)) found.push({ ...kept.letter, replays: kept.replays })
    }
    return found
  }

  /**
   * Sends a letter again, as a new message with the old one as its cause.
   * @throws DEAD_LETTER_GONE when it is unknown, lost its payload, or was replayed three times
   */
  replay(id: string): TellOutcome {
    const kept = this.#kept.get(id)
    if (kept?.payload === undefined || kept.replays >= replayLimit) throw gone(id, kept)
    kept.replays += 1
    const { letter } = kept
    const lane = laneNames.indexOf(letter.lane) as LaneNumber
    const seq = this.#peer.nextSeq()
    const payload = decodeValue(kept.payload)
    const { to, from, name } = letter
    return this.#peer.route(
      new Envelope(to, from, name, payload, lane, this.#peer.origin, seq, 0, 0),
    )
  }

  /** Takes in a letter from any thread; with a store, one that no record keeps yet gets its own. */
  add(data: LetterData): DeadLetter {
    const kept = keptOf(data)
    this.#remember(kept)
    if (data.position === 0 && this.#store !== undefined) this.#record(data)
    return kept.letter
  }

  /** Reads the letters that the store has kept. */
  async load(): Promise<void> {
    if (this.#store === undefined) return
    const kinds = [RecordKind.parked, RecordKind.deadLetter, RecordKind.replayed]
    let from: number | undefined = 1
    while (from !== undefined) {
      const page: { records: readonly StoredRecord[]; next: number | undefined } =
        await this.#store.ask('records', { from, limit: 256, kinds })
      for (const record of page.records) await this.#recall(record)
      from = page.next
    }
    this.#total = 0
  }

  #remember(kept: Kept): void {
    this.#total += 1
    this.#kept.set(kept.letter.id, kept)
    if (this.#kept.size <= letterLimit) return
    for (const id of this.#kept.keys()) {
      this.#kept.delete(id)
      return
    }
  }

  /** Best effort: a dead letter must not hold anything up. */
  #record(data: LetterData): void {
    const { journal } = this.#peer
    if (journal === undefined || !journal.hasCredit) return
    journal.builder.record({
      kind: RecordKind.deadLetter,
      time: Math.floor(data.at),
      name: data.reason,
      ...(data.error && { error: encodeValue(data.error) }),
    })
    journal.builder.message({
      to: data.to,
      from: data.from,
      name: data.name,
      lane: data.lane,
      flags: data.payload === undefined ? PartFlag.headerOnly : 0,
      header: encodeValue({ id: data.id }),
      ...(data.payload && { payload: data.payload }),
    })
    journal.append({ committed: () => undefined, undone: () => undefined })
  }

  async #recall(record: StoredRecord): Promise<void> {
    const part = record.parts.find(({ kind }) => kind === PartKind.message)
    if (part?.kind !== PartKind.message) return
    this.#remember(keptOf(letterOfRecord(record, part.message)))
  }
}

function keptOf(data: LetterData): Kept {
  const { id, to, from, name, lane, reason, at, payload } = data
  return {
    payload,
    replays: 0,
    letter: {
      id,
      to,
      from,
      name,
      lane: laneNames[lane] ?? 'normal',
      reason,
      at,
      replays: 0,
      ...(data.error && { error: decodeError(data.error) }),
      ...(payload && { payload: decodeValue(payload) }),
    },
  }
}

function letterOfRecord(record: StoredRecord, message: StoredMessage): LetterData {
  const header = message.header && (decodeValue(message.header) as { id?: string })
  return {
    id: header?.id ?? formatMessageId(message.ref.position, message.ref.index),
    to: message.to,
    from: message.from,
    name: message.name,
    lane: message.lane,
    reason: (record.kind === RecordKind.parked ? 'parked' : record.name) as DeadLetterReason,
    at: record.time,
    position: record.position,
    ...(record.error && { error: decodeValue(record.error) as ReturnType<typeof encodeError> }),
    ...(message.payload && { payload: message.payload }),
  }
}

function matches(letter: DeadLetter, { to, type, reason, since }: DeadLetterFilter): boolean {
  return (
    (to === undefined || letter.to === to) &&
    (type === undefined || letter.to.startsWith(`${type}/`)) &&
    (reason === undefined || letter.reason === reason) &&
    (since === undefined || letter.at >= since)
  )
}

function gone(id: string, kept: Kept | undefined): TroupeError {
  const why =
    kept === undefined
      ? 'it is not in the list'
      : kept.payload === undefined
        ? 'only its header survived'
        : `it was sent again ${replayLimit} times already`
  return new TroupeError('DEAD_LETTER_GONE', `dead letter ${id} cannot be sent again: ${why}`)
}
