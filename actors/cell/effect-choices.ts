/**
 * What becomes of calls out of turns where they are not simply made: a port, which a fork that is run on
 * implements (R1).
 */

/** A call that is about to leave. */
export interface OutgoingCall {
  /** Who makes it, `type/key`. */
  readonly actor: string
  /** Name of the effect; `type.message` for an ask. */
  readonly label: string
  readonly inputHash: string
  /** It stays within the system: the other actor's own calls are chosen like any. */
  readonly isAsk: boolean
  /** The other actor is durable: it answers from what is in the store here and now. */
  readonly isKept: boolean
}

export interface EffectChoices {
  /** What gives the result in place of the call; undefined to make it. */
  instead(call: OutgoingCall): (() => unknown) | undefined
}
