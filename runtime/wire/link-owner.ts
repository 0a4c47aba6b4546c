/** What a link stands between: the thread it belongs to, and the port to the other. */
import type { Whereabouts } from '../../actors/cell/ask-table.ts'
import type { Signal } from '../../actors/cell/signal.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import type { Parcel } from './parcel.ts'

/** This end of the way to the other thread. */
export interface FramePort {
  post(parcel: Parcel): void
  /** What has come next, without waiting for the event loop to bring it. */
  next(): Parcel | undefined
  close(): void
}

/** What a link hands to the thread it belongs to. */
export interface LinkOwner {
  readonly faults?: Faults | undefined
  arrived(envelope: Envelope): void
  signalled(to: string, signal: Signal): void
  /** A published message for this thread's subscribers. */
  fanOut(envelope: Envelope, position: number): void
  /** The other thread begins or stops to want a pattern. */
  interested(slot: number, pattern: string, wanted: boolean): void
  /** Takes a message back that somebody gave up; says where it was. */
  takenBack(to: string, a: number, b: number): Whereabouts | undefined
  /** Monotonic ms. */
  readonly coarse: number
  /** A delivery that waited for credit leaves now. */
  waitIsOver(envelope: Envelope): void
  /** Nobody waits for this delivery any more; it never left. */
  gaveUpWaiting(envelope: Envelope): void
  /** There is something to flush. */
  touched(): void
}

/** What is left when the other side has died. */
export interface Wreck {
  /** Messages nobody can vouch for, oldest first; asks among them have failed already. */
  readonly out: readonly Envelope[]
  /** Deliveries that never left; they have failed already. */
  readonly waiting: readonly Envelope[]
}
