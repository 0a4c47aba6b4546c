/**
 * What a record of the history says: the closed page of types that writers and readers share.
 *
 * A record is what one commit of one actor (or one acceptance from outside) makes true, all of it
 * or none. Its *parts* are the messages it sends, its reply, its timers and its subscriptions. The
 * binary form is `directory.ts`; the file is described in `docs/store-format.md`.
 *
 * Values are opaque here: every `Uint8Array` is what the codec made of a value. Only the archivist
 * decodes some of them (`state`, `patch`, `meta`), to fold.
 */

/** Kinds of records. Numbers are the stored form: never reuse one. */
export const RecordKind = Object.freeze({
  /** A durable turn: consumes a message, changes state, sends (D1). */
  turn: 1,
  /** Messages accepted from outside or from volatile actors, or timers fired. No actor, parts only. */
  accept: 2,
  /** A step is about to leave (D2). May carry the ask it makes, may accept its own turn's message. */
  stepBegun: 3,
  /** A step's result or error (D2). */
  stepDone: 4,
  /** A stored message given up: consumed, and from now on a dead letter that can be replayed (F2). */
  parked: 5,
  /** A dead letter that was only in memory; its message part holds what is left of it. */
  deadLetter: 6,
  /** A dead letter sent again: `message` is the dead letter, the message part the new copy. */
  replayed: 7,
  /** A turn's signal is about to fire (M6). */
  interrupt: 8,
  /** Tombstone: what follows starts from a fresh state. Pending messages stay pending. */
  destroyed: 9,
  /** Of a volatile actor: a message taken; in full also starts, calls that ended, answers and errors. */
  event: 10,
})
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind]

/** Kinds of parts. Numbers are the stored form: never reuse one. */
export const PartKind = Object.freeze({
  message: 32,
  /** The caller's own id of the message part before it; its UTF-8 text is the body slice. */
  ownId: 33,
  /** Answer to the message the record consumes. */
  reply: 34,
  timerSet: 35,
  timerCancelled: 36,
  /** A timer came due: moves or removes it, together with the message part that says so (D8). */
  timerFired: 37,
  subscribed: 38,
  unsubscribed: 39,
})
export type PartKind = (typeof PartKind)[keyof typeof PartKind]

/** Flags of record entries. */
export const RecordFlag = Object.freeze({
  /** The actor's writer has undone everything from its refused record on (see `Refusal`). */
  rebased: 1,
  /** The turn put its message aside: it stays pending, behind the actor's other stashed ones. */
  stash: 2,
  /** The turn released all stashed messages, before `stash` is applied. */
  unstash: 4,
  /** The handler or step failed; the error is in the body. */
  failed: 8,
  /** The body holds a whole state, so that folding can start here. Set by the builder. */
  whole: 16,
  /** Refused at commit: has no position, its bytes mean nothing. Set by the store. */
  dead: 0x8000,
})

/** Flags of part entries. */
export const PartFlag = Object.freeze({
  /** The receiver is durable: the message is pending until a record of its actor consumes it. */
  durable: 1,
  /** Published: `to` is a topic, every matching durable subscriber has it pending. */
  topic: 2,
  /** The message this very record's actor has in hand, until now only in memory. */
  inline: 4,
  /** An ask: somebody waits for the reply. */
  ask: 8,
  /** An own-id part follows. Set by the builder. */
  ownId: 16,
  /** The reply is an error. */
  failed: 32,
  /** Only the header was recorded, the payload is gone. */
  headerOnly: 128,
  /** The record's actor has ended: every durable actor that watches it has the message pending (F6). */
  end: 256,
  /** Dropped at commit unless its sender has ended before (F6): the answer to a watch that came late. */
  ifEnded: 512,
  /** Part of a refused record, or a dropped duplicate. Set by the store. */
  dead: 0x8000,
})

/** Flags of messages that are pending for whoever subscribed, not for one receiver. */
export const fannedOut = PartFlag.topic | PartFlag.end

/**
 * Identity of a message. Born in a committed record: position and ordinal among the messages of
 * that record. Until then only in memory: minus the origin of its thread incarnation, and a
 * sequence number. `none` is `(0, 0)`.
 */
export interface MessageRef {
  readonly position: number
  readonly index: number
}

/** No message. */
export const noMessage: MessageRef = Object.freeze({ position: 0, index: 0 })

/** Named slices of a record's body. Numbers are the stored form: never reuse one. */
export const Section = Object.freeze({
  /** The whole state, instead of a patch or below it: first turn, migrated state. */
  state: 1,
  /** Patch of the state. */
  patch: 2,
  /** Patch of the runtime's own book about the actor: children and the like. Folded like state. */
  meta: 3,
  /** What replay needs besides the message: recorded `now` values, settle order (R2). */
  inputs: 4,
  error: 5,
  /** Identity of a step: id, n-th of its name, hash of its input. */
  step: 6,
  /** Result of a step. */
  result: 7,
})
export type SectionName = keyof typeof Section

/** Body sections of one record, each as the codec encoded it. */
export type Sections = { readonly [S in SectionName]?: Uint8Array | undefined }

/** What a writer says of one record. Absent numbers are 0, absent texts are empty. */
export interface RecordInput extends Sections {
  readonly kind: RecordKind
  /** Wall time in whole ms; for a turn its start, which is also its first `ctx.now()` (R3). */
  readonly time: number
  /** `type/key`; empty only for `accept`, `deadLetter` and `replayed`. */
  readonly actor?: string
  /** For `turn` the number of this turn, one more than the last; else ignored. */
  readonly turn?: number
  /** Version of the state after this record, 0 to 65535 (D9). */
  readonly version?: number
  /** The message consumed, stepped, parked, interrupted ... */
  readonly message?: MessageRef | undefined
  readonly lane?: number | undefined
  /** Sender of that message, `type/key`, empty for outside. */
  readonly sender?: string | undefined
  /** Handler, or the step's name. */
  readonly name?: string | undefined
  /** Bits of {@link RecordFlag}. */
  readonly flags?: number
}

/** What a writer says of one message part. */
export interface MessageInput {
  /** Receiver `type/key`, or the topic when flagged so. */
  readonly to: string
  /** Sender `type/key`, empty for outside. */
  readonly from?: string
  /** Message name in the receiver's contract. */
  readonly name: string
  readonly lane: number
  /** Bits of {@link PartFlag}. */
  readonly flags?: number
  /** Wall time in ms after which the handler must not start; 0 for none. */
  readonly deadline?: number
  /** Version of the payload (D9). */
  readonly version?: number
  /** The message whose turn sent this one. */
  readonly cause?: MessageRef
  /**
   * The caller's own id. In an `accept` record a duplicate refuses the whole record, so give each
   * such message its own; in an outbox only the message is dropped.
   */
  readonly ownId?: string | undefined
  /** Encoded extras of the header (trace, ask chain, tick), opaque to the store. */
  readonly header?: Uint8Array | undefined
  /** Encoded payload; absent when only the header is kept. */
  readonly payload?: Uint8Array | undefined
}

/** What a writer says of a timer it sets. Setting an id again replaces it. */
export interface TimerInput {
  /** Id, unique within its actor. */
  readonly id: string
  /** Message name it will send to its own actor. */
  readonly name: string
  readonly lane: number
  /** Wall time in ms at which it fires. */
  readonly due: number
  /** Interval in ms; 0 fires once. */
  readonly every?: number
  /** Version of the payload (D9). */
  readonly version?: number
  readonly payload?: Uint8Array
}

/** What a writer says of a timer that came due. */
export interface TimerFiredInput {
  /** The timer's actor, `type/key`. */
  readonly actor: string
  readonly id: string
  /** The due time that is now over; the store refuses the record if the timer waits for another. */
  readonly due: number
  /** Next due time in ms, 0 when the timer is over. */
  readonly next: number
}

/** What a writer says of a durable subscription. */
export interface SubscriptionInput {
  /** Topic pattern, see `topic.ts`. */
  readonly pattern: string
  /** Message name that published messages arrive under. */
  readonly name: string
  readonly lane: number
}
