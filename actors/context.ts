/**
 * What a handler gets: `ctx`. It lives for one turn; afterwards every use throws CTX_REVOKED (T6).
 *
 * In a durable actor everything said through `ctx` (tells, timers, spawns, publishes) is staged and
 * becomes real at the turn's commit together with the state change, or not at all (T3, D1).
 */
import type { Address } from '../mailbox/address.ts'
import type { LaneName } from '../mailbox/lane.ts'
import type { MessageId } from '../mailbox/message-id.ts'
import type { EncodableOf } from '../persistence/encodable-types.ts'
import type { Secret } from '../persistence/secret.ts'
import type { Contract, Messages } from './contract.ts'
import type { ReceivedOf } from './message.ts'
import type { Ref } from './ref.ts'
import type { Span } from './span.ts'

/** The message in hand. */
export interface MessageInfo {
  readonly id: MessageId
  readonly name: string
  readonly lane: LaneName
  /** Sender, or undefined from outside. */
  readonly from: Address | undefined
  /** 1 for the first time, more for retries (F2). */
  readonly attempt: number
  readonly trace: string | undefined
  /** The topic it was published to, for a subscription. */
  readonly topic: string | undefined
  /** For a timer's message: when it was due (wall ms) and how many earlier ticks it stands for. */
  readonly tick:
    | { readonly timer: string; readonly due: number; readonly missed: number }
    | undefined
}

/** When a timer fires: once, or repeatedly after each turn (`delay`) or on a fixed grid (`rate`). */
export type TimerSpec =
  | { readonly after: number }
  | { readonly delay: number }
  | { readonly rate: number }

/** Structured log lines of one actor; fields are encodable. */
export interface Log {
  /** For whoever debugs this actor. */
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  /** Worth knowing, nothing to do. */
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  /** Somebody should look at it; without `createSystem({ log })` it goes to stderr. */
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  /** Something failed; without `createSystem({ log })` it goes to stderr. */
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** A step's facts for its function. */
export interface StepInfo {
  /** The same for every attempt of this step: hand it to services that de-duplicate. */
  readonly key: string
  /** Aborted when the turn is interrupted, times out or is killed. */
  readonly signal: AbortSignal
  /**
   * Whether a message of this name waits for the actor: for a long turn that gives way to it. Only a
   * step may ask, since the answer has to be recorded.
   */
  waits(message: string): boolean
}

/** How one step may be repeated. */
export interface EffectOptions {
  /** May run again after a crash in the middle, under the same `key` (D2). Default false. */
  readonly idempotent?: boolean
}

/**
 * The right to interrupt one actor's turns (M6). Plain data: it can be sent, answered and kept. A
 * volatile actor's ends when that actor stops.
 */
export interface Grant extends Address {
  readonly grant: string
}

type TimerMessage<M extends Messages, K extends keyof M> = [ReceivedOf<M[K]>] extends [void]
  ? [payload?: undefined]
  : [payload: ReceivedOf<M[K]>]

/** What read handlers see: the state of the last ended turn, and nothing that changes anything. */
export interface ReadContext<S = unknown, Deps = unknown> {
  readonly state: S
  readonly self: Address
  readonly message: MessageInfo
  readonly deps: Deps
  readonly signal: AbortSignal
  readonly log: Log
  /** The span of this handling; undefined where its trace is not recorded. */
  readonly span: Span | undefined
  /** Wall time in ms. */
  now(): number
  /**
   * Seals a value (R5): messages, states, results of steps, records, logs and exports hold it encrypted.
   * @throws SECRET_KEY_MISSING when the system has no `secrets`
   */
  secret<T extends EncodableOf<T>>(value: T): Secret<T>
  /**
   * The content of a secret. What a handler says with it outside of another secret is said in the clear.
   * @throws SECRET_KEY_MISSING, SECRET_WITHHELD
   */
  reveal<T>(secret: Secret<T>): T
}

/** What hooks and message handlers see. */
export interface Context<M extends Messages = Messages, S = unknown, Deps = unknown> {
  /** The state; a durable actor's is a recorded draft. Assign to replace it whole. */
  state: S
  readonly self: Ref<M>
  /** Who sent the message in hand; undefined from outside. */
  readonly sender: Address | undefined
  readonly message: MessageInfo
  /** What the app's `deps` built for this host. */
  readonly deps: Deps
  /** Aborts when the caller gives up, the turn is interrupted, or the actor is killed. */
  readonly signal: AbortSignal
  readonly log: Log
  /** The span of this turn; undefined where its trace is not recorded. */
  readonly span: Span | undefined

  /**
   * A ref that sends from this turn.
   * @param within the span that its sends are part of; default the turn's own
   */
  ref<T extends Messages>(contract: Contract<T>, key: string | Address, within?: Span): Ref<T>

  /** Starts a child: it stops with this actor, and its failures come here. Key: `own-key/name`. */
  spawn<T extends Messages>(contract: Contract<T>, name: string): Ref<T>
  /** `onTerminated` will be called once when that actor stops, also if it is already gone (F6). */
  watch(who: Address): void
  /** Ends a watch; a termination that is already on its way is not told either. */
  unwatch(who: Address): void

  /**
   * Sends this actor a message later; the same name replaces. Durable in a durable actor (D8).
   * @throws PAYLOAD_INVALID when the payload does not fit the message's schema, or that is asynchronous
   */
  timer<K extends keyof M & string>(
    name: string,
    when: TimerSpec,
    message: K,
    ...payload: TimerMessage<M, K>
  ): void
  /** Ends a timer; nothing happens when there is none of that name. */
  cancelTimer(name: string): void

  /** Puts the message in hand aside, bounded; it is handled again after `unstash`. */
  stash(): void
  /** Brings everything stashed back, in order, before newer messages of its lane. */
  unstash(): void

  /** Publishes to a topic: dot-separated segments. */
  publish(topic: string, payload: unknown): void
  /** Topic messages that match come as message `message`; `*` is one segment, `**` any number. */
  subscribe<K extends keyof M & string>(pattern: string, message: K): void
  /** Ends the subscription with exactly this pattern. */
  unsubscribe(pattern: string): void

  /** Wall time in ms; recorded in durable turns (R3). */
  now(): number
  /** 0 (inclusive) to 1, seeded by the message id (R3). */
  random(): number
  /** A version 4 UUID, seeded by the message id (R3). */
  uuid(): string

  /**
   * Seals a value (R5): messages, states, results of steps, records, logs and exports hold it encrypted.
   * @throws SECRET_KEY_MISSING when the system has no `secrets`
   */
  secret<T extends EncodableOf<T>>(value: T): Secret<T>
  /**
   * The content of a secret. What a handler says with it outside of another secret is said in the clear.
   * @throws SECRET_KEY_MISSING, SECRET_WITHHELD
   */
  reveal<T>(secret: Secret<T>): T

  /**
   * A call out of the turn. In a durable actor it is a step: recorded as begun before `fn` runs,
   * and its result is kept even if the turn never ends (D2).
   *
   * @param name stable within the handler; the n-th call of a name is matched with the n-th record
   * @param input what the call depends on; another input on a retry is STEP_CHANGED
   * @throws IN_DOUBT when it began before a crash and is not idempotent
   */
  effect<T>(
    name: string,
    input: unknown,
    fn: (step: StepInfo) => Promise<T> | T,
    options?: EffectOptions,
  ): Promise<T>

  /** Makes the right to interrupt this actor's turns, to be handed out in a reply or a message. */
  grant(): Grant
  /**
   * Aborts `ctx.signal` of the turn that handles a message, or takes the message back while it still
   * waits; ignored once the turn has ended, and without the right to it (M6). A handler that ends
   * with the abort has not failed: an asker gets CANCELLED, anything else is a dead letter.
   *
   * @param who a child of this actor, or a grant that was handed out
   * @param message its id: the sender's own (`{ id }`), or `ctx.message.id` as its handler sees it
   */
  interrupt(who: Address | Grant, message: MessageId): void

  /** Stops this actor after the turn; a durable one keeps its state. */
  stop(): void
  /** Stops this actor after the turn and forgets its state: the next message finds a new one. */
  destroy(): void
}
