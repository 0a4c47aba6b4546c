/** The way from one thread to one other, as a peer sees it: a `Link`, or a `Standby` for it. */
import type { Ask, Whereabouts } from '../../actors/cell/ask-table.ts'
import type { Signal } from '../../actors/cell/signal.ts'
import type { Envelope } from '../../mailbox/envelope.ts'

export interface PeerLink {
  /**
   * False when there is no credit: the message did not go.
   * @throws NOT_ENCODABLE
   */
  send(envelope: Envelope): boolean
  /**
   * Keeps a delivery until there is credit; false when too many wait already.
   * @throws NOT_ENCODABLE
   */
  wait(envelope: Envelope): boolean
  /** Monotonic ms since when the oldest message waits here for its way; undefined when none does. */
  readonly waitingSince: number | undefined
  signal(to: string, signal: Signal): void
  publish(envelope: Envelope, position: number): boolean
  interest(pattern: string, wanted: boolean): void
  giveUp(ask: Ask): Promise<Whereabouts | undefined>
  /** Sends what was collected. */
  flush(): void
  /** Takes in what has come from there and was not read yet. */
  takeIn(): void
}
