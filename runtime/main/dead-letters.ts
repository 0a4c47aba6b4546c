/**
 * The dead letters of a system: kept in the store where there is one, listed newest first, filtered,
 * and sent again at most three times each.
 */

import type { ActorDefinition } from '../../actors/actor.ts'
import { presentName, presentPayload } from '../../actors/cell/present.ts'
import { typeOf } from '../../mailbox/address.ts'
import {
  type DeadLetter,
  type DeadLetterReason,
  deadLetterReasons,
} from '../../mailbox/dead-letter.ts'
import { Envelope } from '../../mailbox/envelope.ts'
import { shown, TroupeError } from '../../mailbox/errors.ts'
import type { LaneNumber } from '../../mailbox/lane.ts'
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
import type { Peer } from '../peer/peer.ts'
import { unknownType } from '../peer/refusals.ts'
import type { StoreClient } from '../peer/store-client.ts'
import type { LetterData } from '../wire/host-control.ts'
import { type KeptLetter, KeptLetters, shownLetter } from './kept-letters.ts'
import { LetterStore } from './letter-store.ts'

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

export class DeadLetters {
  readonly #peer: Peer
  readonly #store: LetterStore | undefined
  readonly #kept = new KeptLetters()
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
    for (const kept of [...this.#kept].reverse()) {
      if (found.length >= (filter.limit ?? 100)) break
      if (matches(kept.data, filter)) found.push(shownLetter(kept))
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
    if (kept?.data.payload === undefined || kept.replays >= replayLimit) throw gone(id, kept)
    const { to, from, lane, tick } = kept.data
    const definition = this.#peer.definition(typeOf(to))
    if (definition === undefined) return refused('no-definition', unknownType(typeOf(to)))
    const name = presentName(definition, kept.data.name)
    const payload = payloadOf(definition, kept.data, kept.data.payload)
    kept.replays += 1
    const seq = this.#peer.nextSeq()
    const copy = new Envelope(
      to,
      from,
      name,
      payload,
      lane as LaneNumber,
      this.#peer.origin,
      seq,
      0,
      0,
      tick && { tick },
    )
    if (this.#store === undefined || kept.position === 0) return this.#peer.route(copy)
    this.#store.replay(kept.position, id, copy, (error) => {
      kept.replays -= 1
      const fields = { letter: id, error: String(error) }
      this.#peer.log('error', to, 'a dead letter could not be sent again', fields)
    })
    return queued
  }

  /** Takes in a letter from any thread; with a store, one that no record keeps yet gets its own. */
  add(data: LetterData): KeptLetter {
    this.#total += 1
    const kept = this.#kept.add(data)
    if (data.position === 0) {
      this.#store?.write(data, (position) => {
        kept.position = position
      })
    }
    return kept
  }

  /** Reads the letters that the store has kept. */
  async load(): Promise<void> {
    if (this.#store === undefined) return
    const byPosition = new Map<number, KeptLetter>()
    for await (const found of this.#store.letters.read()) {
      if (found.kind === 'letter') {
        const kept = this.#kept.add(found.data)
        byPosition.set(kept.position, kept)
      } else {
        const replayed = byPosition.get(found.position)
        if (replayed !== undefined) replayed.replays += 1
      }
    }
  }
}

function payloadOf(definition: ActorDefinition, data: LetterData, payload: Uint8Array): unknown {
  const { to, name, version } = data
  if (version === undefined) return decodeValue(payload)
  return presentPayload(definition, to, { name, version, payload })
}

function matches(letter: LetterData, { to, type, reason, since }: DeadLetterFilter): boolean {
  return (
    (to === undefined || letter.to === to) &&
    (type === undefined || letter.to.startsWith(`${type}/`)) &&
    (reason === undefined || letter.reason === reason) &&
    (since === undefined || letter.at >= since)
  )
}

function gone(id: string, kept: KeptLetter | undefined): TroupeError {
  const why =
    kept === undefined
      ? 'it is not in the list'
      : kept.data.payload === undefined
        ? 'only its header survived'
        : `it was sent again ${replayLimit} times already`
  return new TroupeError(
    'DEAD_LETTER_GONE',
    `dead letter ${shown(id)} cannot be sent again: ${why}`,
  )
}
