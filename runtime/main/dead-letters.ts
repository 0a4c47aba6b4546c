/**
 * The dead letters of a system: kept in the store where there is one, listed newest first, filtered,
 * and sent again at most three times each.
 */

import type { ActorDefinition } from '../../actors/actor.ts'
import { decodeError } from '../../actors/cell/error-data.ts'
import { presentName, presentPayload } from '../../actors/cell/present.ts'
import {
  type DeadLetter,
  type DeadLetterReason,
  deadLetterReasons,
} from '../../mailbox/dead-letter.ts'
import { Envelope } from '../../mailbox/envelope.ts'
import { shown, TroupeError } from '../../mailbox/errors.ts'
import { type LaneNumber, laneNames } from '../../mailbox/lane.ts'
import {
  aDuration,
  anAddressText,
  anInteger,
  aText,
  checkOptions,
  oneOf,
} from '../../mailbox/options.ts'
import { queued, refused, type TellOutcome } from '../../mailbox/outcome.ts'
import { decodeValue } from '../../persistence/codec.ts'
import { type Peer, typeOf, unknownType } from '../peer/peer.ts'
import type { StoreClient } from '../peer/store-client.ts'
import type { LetterData } from '../wire/host-control.ts'
import { LetterStore } from './letter-store.ts'

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

const filterChecks = {
  to: anAddressText,
  type: aText,
  reason: oneOf(...deadLetterReasons),
  since: aDuration,
  limit: anInteger(1),
}

/** A letter with what is needed to send it again. */
interface Kept {
  readonly letter: DeadLetter
  readonly payload: Uint8Array | undefined
  /** Of the payload; absent for the present one (D9). */
  readonly version: number | undefined
  /** Record that keeps it, 0 while there is none. */
  position: number
  replays: number
}

export class DeadLetters {
  readonly #peer: Peer
  readonly #store: LetterStore | undefined
  readonly #kept = new Map<string, Kept>()
  #total = 0

  constructor(peer: Peer, client: StoreClient | undefined) {
    this.#peer = peer
    const { journal } = peer
    this.#store = client && journal && new LetterStore(peer, journal, client)
  }

  /** Letters since the system started, forgotten ones included. */
  get total(): number {
    return this.#total
  }

  /**
   * Newest first.
   * @throws OPTION_INVALID
   */
  list(filter: DeadLetterFilter = {}): DeadLetter[] {
    checkOptions('dead letters', filter, filterChecks)
    const found: DeadLetter[] = []
    for (const kept of [...this.#kept.values()].reverse()) {
      if (found.length >= (filter.limit ?? 100)) break
      if (matches(kept.letter, filter)) found.push({ ...kept.letter, replays: kept.replays })
    }
    return found
  }

  /**
   * Sends a letter again, as a new message; with a store, durable like the letter itself.
   * @throws DEAD_LETTER_GONE when it is unknown, lost its payload, or was replayed three times;
   *   VERSION_NEWER, MIGRATION_FAILED when its payload cannot be brought to the present version (D9)
   */
  replay(id: string): TellOutcome {
    const kept = this.#kept.get(id)
    if (kept?.payload === undefined || kept.replays >= replayLimit) throw gone(id, kept)
    const { to, from, lane } = kept.letter
    const definition = this.#peer.definition(typeOf(to))
    if (definition === undefined) return refused('no-definition', unknownType(typeOf(to)))
    const name = presentName(definition, kept.letter.name)
    const payload = payloadOf(definition, kept, kept.payload)
    kept.replays += 1
    const laneNo = laneNames.indexOf(lane) as LaneNumber
    const seq = this.#peer.nextSeq()
    const copy = new Envelope(to, from, name, payload, laneNo, this.#peer.origin, seq, 0, 0)
    if (this.#store === undefined || kept.position === 0) return this.#peer.route(copy)
    this.#store.replay(kept.position, kept.letter.id, copy, (error) => {
      kept.replays -= 1
      const fields = { letter: id, error: String(error) }
      this.#peer.log('error', to, 'a dead letter could not be sent again', fields)
    })
    return queued
  }

  /** Takes in a letter from any thread; with a store, one that no record keeps yet gets its own. */
  add(data: LetterData): DeadLetter {
    const kept = keptOf(data)
    this.#remember(kept)
    if (data.position === 0) {
      this.#store?.write(data, (position) => {
        kept.position = position
      })
    }
    return kept.letter
  }

  /** Reads the letters that the store has kept. */
  async load(): Promise<void> {
    if (this.#store === undefined) return
    const byPosition = new Map<number, Kept>()
    for await (const found of this.#store.letters.read()) {
      if (found.kind === 'letter') {
        const kept = keptOf(found.data)
        byPosition.set(kept.position, kept)
        this.#remember(kept)
      } else {
        const replayed = byPosition.get(found.position)
        if (replayed !== undefined) replayed.replays += 1
      }
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
}

function keptOf(data: LetterData): Kept {
  const { id, to, from, name, lane, reason, at, payload, version, position } = data
  return {
    payload,
    version,
    position,
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

function payloadOf(definition: ActorDefinition, kept: Kept, payload: Uint8Array): unknown {
  const { letter, version } = kept
  if (version === undefined) return decodeValue(payload)
  return presentPayload(definition, letter.to, { name: letter.name, version, payload })
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
  return new TroupeError(
    'DEAD_LETTER_GONE',
    `dead letter ${shown(id)} cannot be sent again: ${why}`,
  )
}
