/**
 * The dead letters of a system: kept in the store where there is one, listed newest first, filtered,
 * and sent again at most three times each.
 */

import { inspect } from 'node:util'
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
import { type KeptLetter, KeptLetters, type LetterKey, shownLetter } from './kept-letters.ts'
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
   * @param letter of `list()`, or its id where one receiver has a letter of that id
   * @throws OPTION_INVALID when several have; DEAD_LETTER_GONE when it is unknown, lost its payload, or was replayed three times;
   *   VERSION_NEWER, MIGRATION_FAILED when its payload cannot be brought to the present version (D9)
   */
  replay(letter: LetterKey | string): TellOutcome {
    const { id, to: receiver } = named(letter)
    const kept = receiver === undefined ? this.#only(id) : this.#kept.get({ id, to: receiver })
    if (kept?.data.payload === undefined || kept.replays >= replayLimit) throw gone(id, kept)
    const { to, from, lane, tick, topic } = kept.data
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
      { ...(tick && { tick }), ...(topic !== undefined && { topic }) },
    )
    if (this.#store === undefined || kept.position === 0) return this.#peer.route(copy)
    this.#store.replay(kept.position, id, copy, (error) => {
      kept.replays -= 1
      const fields = { letter: id, error: String(error) }
      this.#peer.log('error', to, 'a dead letter could not be sent again', fields)
    })
    return queued
  }

  #only(id: string): KeptLetter | undefined {
    const [kept, ...more] = this.#kept.of(id)
    if (more.length === 0) return kept
    throw new TroupeError(
      'OPTION_INVALID',
      `${1 + more.length} actors have a dead letter of message ${id}; hand in the letter itself, or { id, to }`,
      { fields: { id } },
    )
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

function named(letter: LetterKey | string): { readonly id: string; readonly to?: string } {
  if (typeof letter === 'string') return { id: letter }
  if (typeof letter?.id === 'string' && typeof letter.to === 'string') return letter
  throw new TroupeError(
    'OPTION_INVALID',
    `deadLetters.replay expects a letter of deadLetters.list() or its id, got ${inspect(letter, { depth: 0 })}`,
  )
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
