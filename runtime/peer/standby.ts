/**
 * In the place of a link whose other side has no thread at the moment (F4): what is sent waits for the
 * slot's next incarnation, within the credits that the link would have (M5), in order (T2).
 *
 *   waiting ──► handed over    the next incarnation is there
 *      ├──► released           the slot was given up: its addresses live elsewhere
 *      └──► closed             the system ends first
 *
 * Invariants
 * 1. What waits here counts as pending on this thread, and leaves that account exactly once (M4).
 * 2. Nobody is at the door while there is credit: so nothing that comes later overtakes a delivery.
 */
import type { Ask, Whereabouts } from '../../actors/cell/ask-table.ts'
import { Doorstep } from '../../actors/cell/doorstep.ts'
import type { Signal } from '../../actors/cell/signal.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { encodeFrame } from '../../persistence/codec.ts'
import { linkBytes, linkMessages } from '../wire/link-credit.ts'
import { payloadBytes } from '../wire/payload.ts'
import type { PeerLink } from './peer-link.ts'

/** What a standby tells the thread it belongs to. */
export interface StandbyOwner {
  /** Monotonic ms. */
  readonly coarse: number
  /** It waits here from now on. */
  waits(envelope: Envelope): void
  waitIsOver(envelope: Envelope): void
  /** Nobody waits for this message any more; it never left. */
  gaveUpWaiting(envelope: Envelope): void
  /** The message's address lives somewhere else now. */
  forward(envelope: Envelope): void
  signal(to: string, signal: Signal): void
  /** The system ends, and this message with it. */
  endedWaiting(envelope: Envelope): void
}

/** The link that takes everything over. */
export interface Successor extends PeerLink {
  /** Sends what was let in here: it has its credit already. */
  put(envelope: Envelope): void
}

interface KeptMessage {
  readonly envelope: Envelope
  /** What its payload will take of a frame. */
  readonly bytes: number
}

interface KeptSignal {
  readonly to: string
  readonly signal: Signal
}

export class Standby implements PeerLink {
  readonly #owner: StandbyOwner
  #kept: (KeptMessage | KeptSignal)[] = []
  #messages = 0
  #bytes = 0
  /** Deliveries beyond the credits. */
  readonly #door = new Doorstep()
  #closed = false

  constructor(owner: StandbyOwner) {
    this.#owner = owner
  }

  send(envelope: Envelope): boolean {
    if (!this.#hasCredit) return false
    payloadBytes(envelope)
    envelope.since = this.#owner.coarse
    this.#keep(envelope)
    this.#owner.waits(envelope)
    return true
  }

  wait(envelope: Envelope): boolean {
    if (this.#closed) return false
    payloadBytes(envelope)
    envelope.since = this.#owner.coarse
    return this.#door.push(envelope)
  }

  get waitingSince(): number | undefined {
    const first = this.#kept.find(isMessage)?.envelope ?? this.#door.first
    return first?.since
  }

  /** The next incarnation looks for what the store holds by itself: wakes need not wait. */
  signal(to: string, signal: Signal): void {
    if (signal.kind !== 'wake' && !this.#closed) this.#kept.push({ to, signal })
  }

  /** A thread that is not there subscribes to nothing. */
  publish(): boolean {
    return false
  }

  /** A new link is told all patterns anyway. */
  interest(): void {}

  flush(): void {}

  /** Nobody is there to send anything. */
  takeIn(): void {}

  giveUp({ a, b }: Ask): Promise<Whereabouts | undefined> {
    const isIt = (envelope: Envelope): boolean => envelope.a === a && envelope.b === b
    const messages = this.#kept.filter(isMessage)
    const position = messages.findIndex(({ envelope }) => isIt(envelope))
    const found = messages[position]
    if (found !== undefined) return this.#givenUp(found, position)
    const atDoor = this.#door.remove(isIt)
    if (atDoor === undefined) return Promise.resolve(undefined)
    this.#owner.gaveUpWaiting(atDoor.envelope)
    return Promise.resolve({ position: messages.length + atDoor.position })
  }

  #givenUp(kept: KeptMessage, position: number): Promise<Whereabouts> {
    this.#kept.splice(this.#kept.indexOf(kept), 1)
    this.#messages -= 1
    this.#bytes -= kept.bytes
    this.#owner.gaveUpWaiting(kept.envelope)
    this.#letIn()
    return Promise.resolve({ position })
  }

  get #hasCredit(): boolean {
    return !this.#closed && this.#messages < linkMessages && this.#bytes < linkBytes
  }

  #keep(envelope: Envelope): void {
    const bytes = (envelope.header.bytes ?? encodeFrame(envelope.payload)).length
    this.#kept.push({ envelope, bytes })
    this.#messages += 1
    this.#bytes += bytes
  }

  #letIn(): void {
    while (this.#door.size > 0 && this.#hasCredit) this.#keep(this.#door.shift() as Envelope)
  }

  // ── the end of the wait ───────────────────────────────────────────────────────────────────────

  /** The slot has a thread again. */
  handOver(link: Successor): void {
    this.#end(
      (envelope) => this.#put(link, envelope),
      ({ to, signal }) => link.signal(to, signal),
    )
    for (const envelope of this.#door) {
      if (envelope.header.signal?.aborted) this.#owner.gaveUpWaiting(envelope)
      else if (link.send(envelope)) this.#owner.waitIsOver(envelope)
      else link.wait(envelope)
    }
  }

  /** A message whose sender has given it up meanwhile does not leave. */
  #put(link: Successor, envelope: Envelope): void {
    const { signal, reply } = envelope.header
    if (reply === undefined && signal?.aborted) return this.#owner.gaveUpWaiting(envelope)
    this.#owner.waitIsOver(envelope)
    link.put(envelope)
  }

  /** The slot has no thread any more, and its addresses are those of others. */
  release(): void {
    const forward = (envelope: Envelope): void => {
      this.#owner.waitIsOver(envelope)
      this.#owner.forward(envelope)
    }
    this.#end(forward, ({ to, signal }) => this.#owner.signal(to, signal))
    for (const envelope of this.#door) forward(envelope)
  }

  close(): void {
    const ended = (envelope: Envelope): void => {
      this.#owner.waitIsOver(envelope)
      this.#owner.endedWaiting(envelope)
    }
    this.#end(ended, () => undefined)
    for (const envelope of this.#door) ended(envelope)
  }

  #end(message: (envelope: Envelope) => void, signal: (kept: KeptSignal) => void): void {
    this.#closed = true
    const kept = this.#kept
    this.#kept = []
    for (const one of kept) isMessage(one) ? message(one.envelope) : signal(one)
  }
}

function isMessage(kept: KeptMessage | KeptSignal): kept is KeptMessage {
  return 'envelope' in kept
}
