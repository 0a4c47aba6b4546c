/**
 * An actor definition: state plus handlers for a contract. Pure data and functions; loading one
 * loads no native code and no thread.
 */
import type { Address } from '../mailbox/address.ts'
import { TroupeError } from '../mailbox/errors.ts'
import type { MailboxOptions } from '../mailbox/mailbox.ts'
import {
  aBoolean,
  aDuration,
  aFunction,
  anInteger,
  anObject,
  aText,
  checkOptions,
  nearest,
  oneOf,
} from '../mailbox/options.ts'
import type { Context, ReadContext } from './context.ts'
import { type Contract, checkContract, type Messages } from './contract.ts'
import type { AnyMessage, ItemOf, ReceivedOf, ReplyOf } from './message.ts'
import { checkPast, type Past, pastChecks, type Upgrades } from './past.ts'
import type { IfLeadingTo, Migrations } from './versions.ts'

/** A message handler: returns the reply; a stream's handler is a generator that returns it. */
export type Handler<Spec extends AnyMessage, Ctx> = (
  ctx: Ctx,
  payload: ReceivedOf<Spec>,
) => HandlerResult<ItemOf<Spec>, ReplyOf<Spec>>

type HandlerResult<Item, Reply> = [Item] extends [never]
  ? Reply | Promise<Reply>
  : AsyncGenerator<Item, Reply, void> | Generator<Item, Reply, void>

/**
 * What to do when a volatile actor's handler throws (F1): fresh state after a pause, go on with the
 * state as it is, end, or end as a failure of the parent's.
 */
export type Directive = 'restart' | 'resume' | 'stop' | 'escalate'

/**
 * How a volatile actor comes back from failures (F1); each actor has its own budget.
 *
 * Past the budget it stops, watchers and parent are told, and it stays down for `maxBackoff`:
 * meanwhile a message for it is a dead letter `stopped` and an ask fails with ACTOR_STOPPED, whose
 * `retryAfter` says how long. After that the next message starts it afresh. A parent that spawns it
 * again need not wait.
 */
export interface Supervision {
  /** Most restarts within `within` ms; default 5. */
  readonly restarts?: number
  /** Default 60,000 ms. */
  readonly within?: number
  /** First back-off in ms, doubling; default 200. */
  readonly backoff?: number
  /** Longest back-off in ms; default 30,000. */
  readonly maxBackoff?: number
  /** Chooses per error; default always `restart`. */
  readonly decide?: (error: unknown) => Directive
}

/** How the turn of a durable actor is retried (F2). */
export interface Retry {
  /** Attempts of a durable turn before its message is parked (F2); default 3. */
  readonly attempts?: number
  /** First pause in ms, doubling with jitter; default 200. */
  readonly backoff?: number
  /** Longest pause in ms; default 30,000. */
  readonly maxBackoff?: number
}

declare const needed: unique symbol

/** Carries the type of the dependencies an actor needs; made by {@link needs}. */
export interface Needs<Deps> {
  readonly [needed]?: Deps
}

/** States what an actor expects in `ctx.deps`; `app` checks that it is provided. */
export function needs<Deps>(): Needs<Deps> {
  return Object.freeze({})
}

/** Everything an actor definition may say. */
export interface Behavior<
  M extends Messages,
  S,
  Reads extends keyof M,
  Deps,
  V extends number = number,
  G extends Migrations = Migrations,
> extends Upgrades<V, G> {
  /** Turns are committed to the store and survive any crash. Default false. */
  readonly durable?: boolean
  readonly needs?: Needs<Deps>
  /** The first state; for a durable actor an encodable container. */
  readonly state?: (key: string) => S
  readonly on: {
    readonly [K in Exclude<keyof M, Reads>]: Handler<M[K], Context<M, S, Deps>>
  }
  /** Handlers that only look: a durable actor answers them even while a turn runs (T1). */
  readonly reads?: {
    readonly [K in Reads]: Handler<M[K], ReadContext<S, Deps>>
  }
  /** Before the first message of each activation. */
  readonly onStart?: (ctx: Context<M, S, Deps>) => void | Promise<void>
  /** A watched actor stopped (F6). */
  readonly onTerminated?: (ctx: Context<M, S, Deps>, who: Address) => void | Promise<void>
  /** A child stopped for good after failing; without this hook the failure is this actor's own. */
  readonly onChildFailed?: (
    ctx: Context<M, S, Deps>,
    child: Address,
    error: unknown,
  ) => void | Promise<void>
  readonly mailbox?: MailboxOptions
  /** Most stashed messages; default 1,024. */
  readonly stash?: number
  readonly supervision?: Supervision
  readonly retry?: Retry
  /** Leave memory after this many idle ms; default 300,000 for durable actors, never for volatile. */
  readonly passivateAfter?: number
  /** All actors pinned to one name share a thread of their own. */
  readonly pin?: string
  /** Actors of this type have a thread of their own. */
  readonly isolate?: boolean
  /** Ms for which a turn may hold its thread; instead of that of the system (F5). */
  readonly blockLimit?: number
  /**
   * Keep a volatile actor's messages in the history, headers only or in full. Nothing waits for these records:
   * under load they are written every 20 ms, and what a thread that dies had not sent is lost.
   */
  readonly record?: 'headers' | 'full'
}

type AnyHandler = (ctx: unknown, payload: unknown) => unknown

/** A checked definition, ready for an app. */
export interface ActorDefinition<M extends Messages = Messages, Deps = unknown> {
  readonly contract: Contract<M>
  readonly behavior: Behavior<Messages, unknown, string, unknown>
  /** Handlers by message name. */
  readonly on: ReadonlyMap<string, AnyHandler>
  readonly reads: ReadonlyMap<string, AnyHandler>
  /** What a store may still hold of it (D9). */
  readonly past: Past
  readonly needs?: Needs<Deps>
  /** Actors that it cannot do without: an app that lists it has them, too. */
  readonly companions?: readonly ActorDefinition[]
}

/**
 * Defines the behaviour of a contract.
 *
 * @throws CONTRACT_INVALID for a missing or superfluous handler, OPTION_INVALID for a wrong option
 */
export function actor<
  M extends Messages,
  S = undefined,
  Reads extends keyof M = never,
  Deps = unknown,
  const V extends number = 1,
  G extends Migrations = Record<never, never>,
>(
  contract: Contract<M>,
  behavior: Behavior<M, S, Reads, Deps, V, G>,
): IfLeadingTo<V, G, S, ActorDefinition<M, Deps>> {
  checkContract('actor', contract)
  const what = `actor "${contract.type}"`
  checkOptions(what, behavior, behaviorChecks)
  if (behavior.mailbox) checkOptions(`${what} mailbox`, behavior.mailbox, mailboxChecks)
  if (behavior.supervision)
    checkOptions(`${what} supervision`, behavior.supervision, supervisionChecks)
  if (behavior.retry) checkOptions(`${what} retry`, behavior.retry, retryChecks)
  if (behavior.durable && behavior.record) {
    throw new TroupeError(
      'OPTION_INVALID',
      `${what}: "record" is for volatile actors; a durable actor is always recorded in full`,
    )
  }
  if (behavior.on === undefined) throw invalid(what, 'needs "on", its handlers by message name')
  const on = new Map(
    Object.entries<AnyHandler>(behavior.on as object as Record<string, AnyHandler>),
  )
  const reads = new Map(Object.entries((behavior.reads ?? {}) as Record<string, AnyHandler>))
  checkHandlers(what, Object.keys(contract.messages), on, reads)
  const definition: ActorDefinition<M, Deps> = Object.freeze({
    contract,
    behavior: Object.freeze({ ...behavior }) as unknown as ActorDefinition['behavior'],
    on,
    reads,
    past: checkPast(what, contract.type, behavior, handled(on, reads)),
  })
  // Which of the two it is, only the caller's types say.
  return definition as IfLeadingTo<V, G, S, ActorDefinition<M, Deps>>
}

function checkHandlers(
  what: string,
  names: readonly string[],
  on: ReadonlyMap<string, unknown>,
  reads: ReadonlyMap<string, unknown>,
): void {
  for (const [name, handler] of [...on, ...reads]) {
    if (typeof handler !== 'function') throw invalid(what, `handler "${name}" is not a function`)
    if (names.includes(name)) continue
    const near = nearest(name, names)
    const hint = near === undefined ? `it has ${names.join(', ')}` : `did you mean "${near}"?`
    throw invalid(what, `the contract has no message "${name}"; ${hint}`)
  }
  for (const name of names) {
    const count = Number(on.has(name)) + Number(reads.has(name))
    if (count === 0) throw invalid(what, `no handler for message "${name}" of the contract`)
    if (count === 2) throw invalid(what, `message "${name}" is handled in both "on" and "reads"`)
  }
}

function handled(...maps: ReadonlyMap<string, unknown>[]): ReadonlySet<string> {
  return new Set(maps.flatMap((map) => [...map.keys()]))
}

function invalid(what: string, why: string): TroupeError {
  return new TroupeError('CONTRACT_INVALID', `${what}: ${why}`)
}

const behaviorChecks = {
  durable: aBoolean,
  needs: anObject,
  state: aFunction,
  on: anObject,
  reads: anObject,
  onStart: aFunction,
  onTerminated: aFunction,
  onChildFailed: aFunction,
  mailbox: anObject,
  stash: anInteger(0),
  supervision: anObject,
  retry: anObject,
  passivateAfter: aDuration,
  pin: aText,
  isolate: aBoolean,
  blockLimit: aDuration,
  record: oneOf('headers', 'full'),
  ...pastChecks,
}
const mailboxChecks = {
  capacity: anInteger(1),
  capacityBytes: anInteger(1),
  overflow: oneOf('reject', 'drop-oldest', 'drop-newest'),
  strict: aBoolean,
}
const supervisionChecks = {
  restarts: anInteger(0),
  within: aDuration,
  backoff: aDuration,
  maxBackoff: aDuration,
  decide: aFunction,
}
const retryChecks = { attempts: anInteger(1), backoff: aDuration, maxBackoff: aDuration }
