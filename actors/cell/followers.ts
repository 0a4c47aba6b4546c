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
 * follower says how far into the history those of its sender and lane go before it (`Envelope.heard`).
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

export class Followers {
  /** In the order in which they came. */
  // Most actors never have one: the sets come with the first.
  #all: Set<Envelope> | undefined
  /** The same, of each sender and lane. */
  #own: Map<string, Set<Envelope>> | undefined
  size = 0
  /** Encoded bytes. */
  bytes = 0

  /** Lane of the most urgent one. */
  get best(): LaneNumber | undefined {
    let best: LaneNumber | undefined
    for (const { lane } of this) if (best === undefined || lane < best) best = lane
    return best
  }

  [Symbol.iterator](): IterableIterator<Envelope> {
    return (this.#all ?? nobody).values()
  }

  push(envelope: Envelope): void {
    const key = sentKey(envelope)
    this.#own ??= new Map()
    const own = this.#own.get(key) ?? new Set()
    this.#own.set(key, own.add(envelope))
    this.#all ??= new Set()
    this.#all.add(envelope)
    this.size += 1
    this.bytes += sizeOf(envelope)
  }

  /** Takes out, in order, what was sent before a stored message that is about to go into the mailbox. */
  takeBefore(stored: Sent, position: number): Envelope[] {
    const own = this.size === 0 ? undefined : this.#own?.get(sentKey(stored))
    const first: Envelope[] = []
    for (const envelope of own ?? []) {
      if (envelope.heard >= position) break
      first.push(envelope)
    }
    for (const envelope of first) this.#delete(envelope)
    return first
  }

  /** Takes out, in order, what waits in the lanes that `match` accepts. */
  takeLanes(match: (lane: LaneNumber) => boolean): Envelope[] {
    const taken = [...this].filter(({ lane }) => match(lane))
    for (const envelope of taken) this.#delete(envelope)
    return taken
  }

  /** Takes all of them out, in order. */
  takeAll(): Envelope[] {
    const all = [...this]
    this.#all = undefined
    this.#own = undefined
    this.size = 0
    this.bytes = 0
    return all
  }

  /** Takes one out, wherever it stands; says how many were before it. */
  remove(
    match: (envelope: Envelope) => boolean,
  ): { readonly envelope: Envelope; readonly position: number } | undefined {
    let position = 0
    for (const envelope of this) {
      if (match(envelope)) {
        this.#delete(envelope)
        return { envelope, position }
      }
      position += 1
    }
    return undefined
  }

  #delete(envelope: Envelope): void {
    const key = sentKey(envelope)
    const own = this.#own?.get(key)
    own?.delete(envelope)
    if (own?.size === 0) this.#own?.delete(key)
    this.#all?.delete(envelope)
    this.size -= 1
    this.bytes -= sizeOf(envelope)
  }
}

const nobody: readonly Envelope[] = Object.freeze([])

/** Of messages with the same key the order is kept. */
function sentKey({ lane, from }: Sent): string {
  return `${lane}${from}`
}

const sizeOf = (envelope: Envelope): number => envelope.header.bytes?.byteLength ?? 0
