/**
 * One actor alone, for unit tests: what a message does to its state and what it says.
 *
 * It runs in a test system of its own, so that a turn here is the turn that production runs: draft,
 * commit, record. What the test sees of it is read back from that record (R4).
 */
import type { ActorDefinition } from '../../actors/actor.ts'
import { type AnyDefinition, type App, renamedTypes } from '../../actors/app.ts'
import { copied } from '../../actors/cell/recoded.ts'
import type { Messages } from '../../actors/contract.ts'
import type { ItemOf, ReplyOf, SentOf } from '../../actors/message.ts'
import type { MessageOptions } from '../../actors/ref.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { parseMessageId } from '../../mailbox/message-id.ts'
import { aFunction, anArray, anInteger, aText, checkOptions } from '../../mailbox/options.ts'
import type { EncodableOf } from '../../persistence/encodable-types.ts'
import type { Patch } from '../../persistence/patch.ts'
import type { Secret } from '../../persistence/secret.ts'
import type { LogLine } from '../telemetry/logs/line.ts'
import type { ObservedMessage } from './observed.ts'
import { testKeyring } from './test-key.ts'
import { createTestSystem, type TestSystem } from './test-system.ts'
import { type RecordedStep, type RecordedTimer, type RecordedTurn, turnOf } from './turn-record.ts'

export type { RecordedStep, RecordedTimer }

/** What {@link testActor} may be told. */
export interface TestActorOptions<S = unknown, Deps = unknown> {
  /** Its key; default `test`. */
  readonly key?: string
  /** Instead of the definition's first state; copied. */
  readonly state?: S
  /** What it finds in `ctx.deps`. */
  readonly deps?: Deps
  /** Actors it talks to: the real ones, or doubles under the same contract. */
  readonly others?: readonly AnyDefinition[]
  /** Wall time in ms at which the test begins. Default: 2026-01-01, UTC. */
  readonly wall?: number
  /** Gets log lines. Default: nobody does. */
  readonly log?: (line: LogLine) => void
}

/** What one message did. */
export interface TestTurn<Reply = unknown, S = unknown> {
  readonly reply: Reply
  /** The state afterwards; a copy. */
  readonly state: S
  /** What changed, as recorded; undefined for nothing, and for a volatile actor. */
  readonly patch: Patch | undefined
  /** What it sent and published, in order. */
  readonly outbox: readonly ObservedMessage[]
  /** Calls out of the turn: effects and asks, in the order in which they settled. */
  readonly steps: readonly RecordedStep[]
  /** Timers it set and cancelled; durable actors only. */
  readonly timers: readonly RecordedTimer[]
}

type TestAsk<M extends Messages, S> = {
  readonly [K in keyof M as ItemOf<M[K]> extends never ? K : never]: [SentOf<M[K]>] extends [void]
    ? (payload?: undefined, options?: MessageOptions) => Promise<TestTurn<ReplyOf<M[K]>, S>>
    : (payload: SentOf<M[K]>, options?: MessageOptions) => Promise<TestTurn<ReplyOf<M[K]>, S>>
}

type AnyAsk = Record<string, (payload: unknown, options?: MessageOptions) => Promise<unknown>>

const checks = {
  key: aText,
  state: () => undefined,
  deps: () => undefined,
  others: anArray,
  wall: anInteger(0),
  log: aFunction,
}

/** One actor under test. */
export class TestActor<M extends Messages, S> {
  /** `type/key`. */
  readonly id: string
  /**
   * Sends a message, waits until nothing more can happen without time passing, and tells what it did.
   * Rejects with what the handler threw.
   */
  readonly ask: TestAsk<M, S>
  readonly #definition: ActorDefinition
  readonly #key: string
  readonly #start: () => Promise<TestSystem>
  #system: Promise<TestSystem> | undefined

  /** Use {@link testActor}. */
  constructor(definition: ActorDefinition, key: string, start: () => Promise<TestSystem>) {
    this.#definition = definition
    this.#key = key
    this.#start = start
    this.id = `${definition.contract.type}/${key}`
    const names = Object.keys(definition.contract.messages)
    const asks = names.map((name) => [
      name,
      (payload: unknown, options?: MessageOptions) => this.#ask(name, payload, options),
    ])
    this.ask = Object.freeze(Object.fromEntries(asks)) as TestAsk<M, S>
  }

  /** The system it lives in: for time (`advance`), dead letters, everything that was sent. */
  system(): Promise<TestSystem> {
    this.#system ??= this.#start()
    return this.#system
  }

  /** A copy of its state now; undefined before its first message. */
  async state(): Promise<S | undefined> {
    const system = await this.system()
    await system.settle()
    return copied(system.stateOf(this.id)) as S | undefined
  }

  /** A secret to send to it, as `system.secret` makes one. */
  secret<T extends EncodableOf<T>>(value: T): Secret<T> {
    return testKeyring().seal(value)
  }

  /** The content of a secret that it answered or keeps. */
  reveal<T>(secret: Secret<T>): T {
    return testKeyring().open(secret)
  }

  /** Lets time pass, in ms: timers, deadlines, back-offs. */
  async advance(ms: number): Promise<void> {
    await (await this.system()).advance(ms)
  }

  /** Ends the system it lives in. */
  async close(): Promise<void> {
    await (await this.#system)?.close()
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #ask(
    name: string,
    payload: unknown,
    options: MessageOptions | undefined,
  ): Promise<unknown> {
    const system = await this.system()
    const from = system.messages.length
    const { ask } = system.ref(this.#definition.contract, this.#key)
    const asked = (ask as AnyAsk)[name]?.(payload, options) as Promise<unknown>
    // Its failure is reported below; until then nobody waits.
    asked.catch(() => undefined)
    await system.settle()
    const message = system.messages
      .slice(from)
      .find((sent) => sent.from === '' && sent.to === this.id && sent.name === name)
    const reply = await orPending(asked, this.id, name)
    return { reply, ...this.#whatItDid(system, message) }
  }

  #whatItDid(system: TestSystem, message: ObservedMessage | undefined): Omit<TestTurn, 'reply'> {
    const ref = message && parseMessageId(system.observed.refOf(message) ?? message.id)
    const turn: RecordedTurn | undefined =
      ref && turnOf(system.records, this.id, { position: ref.a, index: ref.b })
    return {
      state: copied(system.stateOf(this.id)),
      patch: turn?.patch,
      outbox: message === undefined ? [] : system.observed.sentBy(message),
      steps: turn?.steps ?? [],
      timers: turn?.timers ?? [],
    }
  }
}

/** The reply, or an error that says what to do when it needs time to pass. */
async function orPending(asked: Promise<unknown>, id: string, name: string): Promise<unknown> {
  const pending = Symbol('pending')
  const reply = await Promise.race([asked, Promise.resolve(pending)])
  if (reply !== pending) return reply
  throw new TroupeError(
    'NOT_OBSERVED',
    `${id} has not answered "${name}" and waits for time to pass or for something outside: send it with (await actor.system()).ref(...).ask and let time pass with advance(ms), or give it a double in "deps" or "others"`,
  )
}

/**
 * An actor to test alone, without threads: `testActor(account, { state: { balance: 10 } })`, then
 * `await actor.ask.deposit({ amount: 5 })` gives reply, patch, outbox and steps.
 *
 * @throws OPTION_INVALID, APP_INVALID
 */
export function testActor<M extends Messages, Deps, S>(
  definition: ActorDefinition<M, Deps>,
  options: TestActorOptions<S, Deps> = {},
): TestActor<M, S> {
  checkOptions('testActor', options, checks)
  const { key = 'test', others = [], deps, wall, log } = options
  const tested = withState(definition as unknown as ActorDefinition, options)
  const app = appOf([tested, ...(others as readonly ActorDefinition[])])
  return new TestActor(tested, key, () =>
    createTestSystem(app, {
      ...(deps !== undefined && { deps }),
      ...(wall !== undefined && { wall }),
      ...(log !== undefined && { log }),
    }),
  )
}

function withState(
  definition: ActorDefinition,
  options: { readonly state?: unknown },
): ActorDefinition {
  if (!('state' in options)) return definition
  const state = (): unknown => copied(options.state)
  return { ...definition, behavior: { ...definition.behavior, state } }
}

function appOf(actors: readonly ActorDefinition[]): App {
  const byType = new Map<string, ActorDefinition>()
  for (const one of actors) {
    const { type } = one.contract
    if (byType.has(type)) {
      throw new TroupeError('APP_INVALID', `testActor: two actors have the type "${type}"`)
    }
    byType.set(type, one)
  }
  return {
    url: import.meta.url,
    actors: byType,
    renamed: renamedTypes(byType),
    removed: new Set(),
    deps: undefined,
    dispose: undefined,
  }
}
