/**
 * What actors and the runtime tell each other beside messages: the system lane's closed vocabulary.
 * Signals are never refused, never shed and cross threads as data.
 */
import type { LaneNumber } from '../../mailbox/lane.ts'

/** How an actor ended. */
export type EndReason = 'stopped' | 'destroyed' | 'failed' | 'killed'

export type Signal =
  /** `by` wants to know when this actor ends (F6). */
  | { readonly kind: 'watch'; readonly by: string }
  | { readonly kind: 'unwatch'; readonly by: string }
  /** A watched actor ended; `heard` is that of its thread, if that thread is the one that says so. */
  | { readonly kind: 'terminated'; readonly who: string; readonly heard?: number }
  /** Exist as a child of `parent`: stop with it, report failures to it. */
  | { readonly kind: 'adopt'; readonly parent: string }
  /** A child ended; `error` when it failed for good, `heard` as for `terminated`. */
  | {
      readonly kind: 'child-ended'
      readonly child: string
      readonly error?: unknown
      readonly heard?: number
    }
  /** `by`: the parent to tell, also when this actor is not there any more. */
  | { readonly kind: 'stop'; readonly reason: EndReason; readonly by?: string }
  /** The store holds messages for this actor that its thread may not have seen; in this lane, if named. */
  | { readonly kind: 'wake'; readonly lane?: LaneNumber }
  /** The caller gave up on a message: take it back, or abort its turn (M6 for asks). */
  | { readonly kind: 'give-up'; readonly a: number; readonly b: number }
  /** Aborts the turn of one message (M6): `by` the parent, or anyone with a grant. */
  | {
      readonly kind: 'interrupt'
      readonly id: string
      readonly by: string
      readonly grant?: string
    }
  /** Is the turn that started this probe waiting for itself (T4)? */
  | { readonly kind: 'probe'; readonly probe: Probe }

/** A walk along the edges "turn waits for actor", looking for its own start (T4). */
export interface Probe {
  /** The actor whose turn waits. */
  readonly origin: string
  /** Age of that turn: of all turns in a ring, the youngest one's probe may go round. */
  readonly startedAt: number
  /** The ask that fails if the ring closes, as its thread numbers it. */
  readonly call: number
  /** Id of the message that the last actor on the path waits for: an edge that is gone ends the walk. */
  readonly message: string
  readonly path: readonly string[]
}
