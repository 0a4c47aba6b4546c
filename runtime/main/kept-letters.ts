/**
 * The dead letters that memory holds: the newest, as many and as large as there is room for. A mailbox
 * that is full for an hour must cost neither memory nor more than a letter's own bytes.
 *
 * Values stay as they came, encoded: a letter is decoded when somebody looks at it.
 */
import { decodeError } from '../../actors/cell/error-data.ts'
import type { DeadLetter } from '../../mailbox/dead-letter.ts'
import { laneNames } from '../../mailbox/lane.ts'
import type { MessageId } from '../../mailbox/message-id.ts'
import { Ring } from '../../mailbox/ring.ts'
import { decodeValue } from '../../persistence/codec.ts'
import type { LetterData } from '../wire/host-control.ts'

/** Most letters; the oldest are forgotten beyond it. */
export const letterLimit = 10_000
/** Most bytes of their payloads, but for the newest letter alone. */
export const letterBytes = 64 * 1024 * 1024

/** What names a letter: a message can have many receivers, and an own id many messages. */
export interface LetterKey {
  readonly id: MessageId
  /** Receiver, `type/key`. */
  readonly to: string
}

/** A letter with what is needed to send it again. */
export interface KeptLetter {
  readonly data: LetterData
  /** Record that keeps it, 0 while there is none. */
  position: number
  replays: number
}

export class KeptLetters {
  /** One of each receiver: all subscribers of a topic have the same message. */
  readonly #byKey = new Map<string, KeptLetter>()
  /** Oldest first: the first of a map is found behind all that were deleted before it. */
  readonly #order = new Ring<KeptLetter>()
  #bytes = 0

  add(data: LetterData): KeptLetter {
    const kept = { data, position: data.position, replays: 0 }
    // A message can come to be a dead letter twice, and is then listed as the last one.
    this.#byKey.delete(keyOf(data))
    this.#byKey.set(keyOf(data), kept)
    this.#order.push(kept)
    this.#bytes += sizeOf(kept)
    while (this.#isOver) this.#forget(this.#order.shift() as KeptLetter)
    return kept
  }

  get(letter: LetterKey): KeptLetter | undefined {
    return this.#byKey.get(keyOf(letter))
  }

  /** Of all its receivers. */
  of(id: MessageId): readonly KeptLetter[] {
    return [...this].filter(({ data }) => data.id === id)
  }

  /** Oldest first. */
  [Symbol.iterator](): IterableIterator<KeptLetter> {
    return this.#byKey.values()
  }

  get #isOver(): boolean {
    const { length } = this.#order
    return length > letterLimit || (this.#bytes > letterBytes && length > 1)
  }

  #forget(kept: KeptLetter): void {
    this.#bytes -= sizeOf(kept)
    const key = keyOf(kept.data)
    if (this.#byKey.get(key) === kept) this.#byKey.delete(key)
  }
}

/** An address has no blank. */
function keyOf({ to, id }: LetterKey): string {
  return `${to} ${id}`
}

function sizeOf({ data }: KeptLetter): number {
  return data.payload?.length ?? 0
}

/** As users see it. */
export function shownLetter({ data, replays }: KeptLetter): DeadLetter {
  const { id, to, from, name, lane, reason, at, payload, error } = data
  return {
    id,
    to,
    from,
    name,
    lane: laneNames[lane] ?? 'normal',
    reason,
    at,
    replays,
    ...(error && { error: decodeError(error) }),
    ...(payload && { payload: decodeValue(payload) }),
  }
}
