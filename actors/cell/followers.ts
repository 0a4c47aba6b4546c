/**
 * Messages in memory that wait behind stored ones (T2). A lane of a durable actor is one queue in three
 * stretches; what comes in memory only, while the middle one may hold something, goes to the third:
 *
 *   ◄── mailbox ── │ ── in the store: no room, or not read yet ── │ ── followers ──◄
 *
 * Of the store's stretch only the lanes are known (`backlog.ts`), not the senders: so a lane waits as a
 * whole, as it would in a mailbox without a bound, and the other lanes do not wait for it (M2). They
 * are not refused as `full` instead, since terminations and ticks may never be, and since an actor
 * that was only woken has all its room.
 *
 * Stored messages may come after a follower too, and are read before the last of the others is: each
 * follower keeps the position from which on stored ones of its sender and lane go behind it.
 *
 * Does not own: room (M3) and counts (M4), which are the cell's.
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import type { LaneNumber } from '../../mailbox/lane.ts'

/** Whose message, in which lane: the order of these is kept. */
interface Sent {
  readonly from: string
  readonly lane: number
}

/** Those of one sender and lane. */
interface Own {
  /** In the order in which they came, each with the position of `before`. */
  readonly waiting: Map<Envelope, number>
  /** After these no stored message has come yet. */
  readonly last: Envelope[]
}

/** For a follower: stored messages of its sender and lane from this position on go behind it. */
type Before = readonly [envelope: Envelope, before: number]

export class Followers {
  /** In the order in which they came. */
  readonly #all = new Set<Envelope>()
  readonly #own = new Map<string, Own>()
  /** Encoded bytes. */
  bytes = 0

  get size(): number {
    return this.#all.size
  }

  /** Lane of the most urgent one. */
  get best(): LaneNumber | undefined {
    let best: LaneNumber | undefined
    for (const { lane } of this.#all) if (best === undefined || lane < best) best = lane
    return best
  }

  [Symbol.iterator](): IterableIterator<Envelope> {
    return this.#all[Symbol.iterator]()
  }

  /** @param before when it is known: those that come later say it */
  push(envelope: Envelope, before = Number.POSITIVE_INFINITY): void {
    const own = this.#ownOf(envelope)
    own.waiting.set(envelope, before)
    if (before === Number.POSITIVE_INFINITY) own.last.push(envelope)
    this.#all.add(envelope)
    this.bytes += sizeOf(envelope)
  }

  /** A stored message came, and stays in the store: those of its sender that wait here came before it. */
  came(stored: Envelope): void {
    const own = this.#all.size === 0 ? undefined : this.#own.get(sentKey(stored))
    for (const earlier of own?.last.splice(0) ?? []) {
      if (own?.waiting.has(earlier)) own.waiting.set(earlier, stored.position)
    }
  }

  /** Takes out, in order, what comes before a stored message that is about to go into the mailbox. */
  takeBefore(stored: Sent, position: number): Envelope[] {
    const own = this.#all.size === 0 ? undefined : this.#own.get(sentKey(stored))
    const first: Envelope[] = []
    for (const [envelope, before] of own?.waiting ?? []) {
      if (before > position) break
      first.push(envelope)
    }
    for (const envelope of first) this.#delete(envelope)
    return first
  }

  /** Takes out, in order, what waits in the lanes that `match` accepts. */
  takeLanes(match: (lane: LaneNumber) => boolean): Envelope[] {
    const taken = [...this.#all].filter(({ lane }) => match(lane))
    for (const envelope of taken) this.#delete(envelope)
    return taken
  }

  /** Takes all of them out, in order. */
  takeAll(): Before[] {
    const all = [...this.#all].map((envelope): Before => {
      const before = this.#ownOf(envelope).waiting.get(envelope) as number
      return [envelope, before]
    })
    this.#all.clear()
    this.#own.clear()
    this.bytes = 0
    return all
  }

  /** Takes one out, wherever it stands; says how many were before it. */
  remove(
    match: (envelope: Envelope) => boolean,
  ): { readonly envelope: Envelope; readonly position: number } | undefined {
    let position = 0
    for (const envelope of this.#all) {
      if (match(envelope)) {
        this.#delete(envelope)
        return { envelope, position }
      }
      position += 1
    }
    return undefined
  }

  #ownOf(envelope: Envelope): Own {
    const key = sentKey(envelope)
    const own = this.#own.get(key) ?? { waiting: new Map(), last: [] }
    this.#own.set(key, own)
    return own
  }

  #delete(envelope: Envelope): void {
    const own = this.#ownOf(envelope)
    own.waiting.delete(envelope)
    if (own.waiting.size === 0) this.#own.delete(sentKey(envelope))
    this.#all.delete(envelope)
    this.bytes -= sizeOf(envelope)
  }
}

/** Of messages with the same key the order is kept. */
export function sentKey({ lane, from }: Sent): string {
  return `${lane}${from}`
}

const sizeOf = (envelope: Envelope): number => envelope.header.bytes?.byteLength ?? 0
