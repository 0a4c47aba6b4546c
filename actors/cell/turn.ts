/**
 * One turn as its handler sees it: the implementation of `ctx` that all kinds of turns share.
 *
 * Owns: the open/closed state of `ctx` (T6), open steps, the abort signal, and the composing of
 * sends. Subclasses decide where sends go: at once (`volatile-turn.ts`) or into the commit
 * (`durable-turn.ts`).
 *
 * Invariant: after `close` nothing said through this object has any effect; it throws CTX_REVOKED.
 */
import { type Address, addressText } from '../../mailbox/address.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { laneNames } from '../../mailbox/lane.ts'
import { refused, type Settled, type TellOutcome } from '../../mailbox/outcome.ts'
import type { Secret } from '../../persistence/secret.ts'
import type { ActorDefinition } from '../actor.ts'
import type {
  Context,
  EffectOptions,
  Grant,
  Log,
  MessageInfo,
  StepInfo,
  TimerSpec,
} from '../context.ts'
import { bindRef, type Contract, type Messages } from '../contract.ts'
import type { AnyMessage } from '../message.ts'
import type { MessageOptions, Ref, ReplyStream, SendPort, Target } from '../ref.ts'
import type { Ask } from './ask-table.ts'
import { makeLog } from './log.ts'
import { cycleError, OpenAsks, openAsksCapacity, tooManyAsks } from './open-asks.ts'
import { streamFrom } from './outgoing.ts'
import type { CellHost } from './ports.ts'
import { revoked } from './revoked.ts'
import { Seeded } from './seeded.ts'
import { type Call, compose, type Sender, validPayloadNow } from './sending.ts'
import type { EndReason, Probe, Signal } from './signal.ts'
import { StepPromise } from './step-promise.ts'
import type { OpenStream } from './stream-items.ts'
import { checkInterrupt } from './turn-checks.ts'

/** The actor whose turn it is. */
export interface TurnOwner {
  readonly id: string
  readonly type: string
  readonly key: string
  readonly definition: ActorDefinition
  readonly host: CellHost
  /** The handler and all its steps have settled. */
  completed(turn: Turn, value: unknown): void
  failed(turn: Turn, error: unknown): void
}

export abstract class Turn implements Context, SendPort, Sender {
  readonly cell: TurnOwner
  /** The message in hand; undefined in a start hook. */
  readonly envelope: Envelope | undefined
  /** Monotonic ms; read only when the turn is asynchronous. */
  startedMono = 0
  /** What to do with the actor afterwards. */
  afterwards: EndReason | undefined
  /** The message goes to the stash instead of being processed. */
  stashing = false
  /** What its message's schema said, when the payload did not fit it (see `published.ts`). */
  misfit: TroupeError | undefined
  /** Asks and effects that have not settled (T6). */
  open = 0
  /** How many of them are asks, deliveries and streams (M5). */
  #waits = 0
  /** How the handler ended, while the turn still waits for open steps (T6). */
  #outcome: Settled | undefined
  /** Attempt number of the message (F2). */
  readonly attempt: number
  #closed = false
  #controller: AbortController | undefined
  #seeded: Seeded | undefined
  #asks: OpenAsks | undefined
  #streams: Set<OpenStream> | undefined
  /** Calls that failed, to be looked at when the turn ends: did anybody wait for them? */
  #failedSteps: { readonly step: StepPromise<unknown>; readonly error: unknown }[] | undefined
  /** Stops following the signal that the caller gave. */
  #unlink: (() => void) | undefined

  constructor(cell: TurnOwner, envelope: Envelope | undefined, attempt = 1) {
    this.cell = cell
    this.envelope = envelope
    this.attempt = attempt
  }

  // ── who is speaking ───────────────────────────────────────────────────────────────────────────

  get host(): CellHost {
    return this.cell.host
  }
  get from(): string {
    return this.cell.id
  }
  get causeA(): number {
    return this.envelope?.a ?? 0
  }
  get causeB(): number {
    return this.envelope?.b ?? 0
  }
  get trace(): string | undefined {
    return this.envelope?.header.trace
  }

  // ── what there is to know ─────────────────────────────────────────────────────────────────────

  abstract get state(): unknown
  abstract set state(value: unknown)

  get self(): Ref<Messages> {
    this.check()
    return new this.cell.definition.contract.refClass(this.cell.key, this)
  }

  get sender(): Address | undefined {
    const from = this.envelope?.from ?? ''
    const slash = from.indexOf('/')
    return slash < 0 ? undefined : { type: from.slice(0, slash), key: from.slice(slash + 1) }
  }

  get message(): MessageInfo {
    this.check()
    const envelope = this.envelope
    return {
      id: envelope?.id ?? this.seed,
      name: envelope?.name ?? '$start',
      lane: envelope === undefined ? 'system' : (laneNames[envelope.lane] ?? 'normal'),
      from: this.sender,
      attempt: this.attempt,
      trace: this.trace,
      topic: envelope?.header.topic,
      tick: envelope?.header.tick,
    }
  }

  get deps(): unknown {
    this.check()
    return this.host.deps()
  }

  /** Not revoked: what the turn started may still look whether it should stop. */
  get signal(): AbortSignal {
    return this.#abortable().signal
  }

  #abortable(): AbortController {
    if (this.#controller !== undefined) return this.#controller
    this.#controller = new AbortController()
    this.#link(this.envelope?.header.signal)
    return this.#controller
  }

  /** The caller's own signal, where it lives on this thread, aborts the turn. */
  #link(given: AbortSignal | undefined): void {
    if (given === undefined || this.#closed) return
    const abort = (): void =>
      this.abort(new TroupeError('CANCELLED', 'the caller aborted', { cause: given.reason }))
    if (given.aborted) return abort()
    given.addEventListener('abort', abort, { once: true })
    this.#unlink = () => given.removeEventListener('abort', abort)
  }

  get log(): Log {
    return makeLog(this.host, this.cell.id)
  }

  now(): number {
    this.check()
    return this.host.clock.wall()
  }

  random(): number {
    this.check()
    this.#seeded ??= new Seeded(this.seed)
    return this.#seeded.random()
  }

  uuid(): string {
    this.check()
    this.#seeded ??= new Seeded(this.seed)
    return this.#seeded.uuid()
  }

  secret<T>(value: T): Secret<T> {
    this.check()
    return this.seal(value)
  }

  protected seal<T>(value: T): Secret<T> {
    return this.host.secrets.seal(value)
  }

  reveal<T>(secret: Secret<T>): T {
    this.check()
    return this.host.secrets.open(secret)
  }

  /** What random numbers, ids and step keys are derived from (R3). */
  protected get seed(): string {
    return `${this.cell.id}:${this.envelope?.id ?? '$start'}`
  }

  // ── sending ───────────────────────────────────────────────────────────────────────────────────

  ref<T extends Messages>(contract: Contract<T>, key: string | Address): Ref<T> {
    this.check()
    return bindRef(contract, key, this)
  }

  tell(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): TellOutcome {
    this.check()
    const gaveUp = abortedBefore(options)
    if (gaveUp !== undefined) return gaveUp
    const call = { to, name, spec, payload, options }
    if (spec.input === undefined) return this.dispatch(compose(this, call, payload))
    try {
      return this.dispatch(compose(this, call, validPayloadNow(call)))
    } catch (error) {
      if (error instanceof TroupeError && error.code === 'PAYLOAD_INVALID') {
        return refused('invalid-payload', error)
      }
      throw error
    }
  }

  ask(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): Promise<unknown> {
    this.check()
    return this.wait(`ask "${name}"`, () => this.askCall({ to, name, spec, payload, options }))
  }

  /** A step that waits for another actor: of those there are only so many at once (M5). */
  protected wait<T>(what: string, run: () => Promise<T>): Promise<T> {
    if (this.#waits >= openAsksCapacity) {
      return this.step(() => Promise.reject(tooManyAsks(this.cell.id, what)))
    }
    this.#waits += 1
    return this.step(run, 1)
  }

  /** A call out of this turn: the turn ends after it (T6), and fails with it if nobody looked. */
  protected step<T>(run: () => Promise<T>, waits: 0 | 1 = 0): Promise<T> {
    this.open += 1
    const step = new StepPromise<T>((resolve) => resolve(run()))
    step.whenSettled(
      () => this.stepOver(waits),
      (error) => {
        this.#failedSteps ??= []
        this.#failedSteps.push({ step, error })
        this.stepOver(waits)
      },
    )
    return step
  }

  /** A stream out of this turn: the turn ends after it, unless its handler leaves it unread. */
  protected opened(stream: OpenStream): ReplyStream<unknown, unknown> {
    this.#streams ??= new Set()
    this.#streams.add(stream)
    this.open += 1
    this.#waits += 1
    this.follow(stream.ask)
    void stream.over.then(() => {
      this.#streams?.delete(stream)
      this.stepOver(1)
    })
    return stream
  }

  /** Reading a stream is not recorded: its items are provisional. Keep what matters in an effect. */
  stream(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): ReplyStream<unknown, unknown> {
    this.check()
    const chain = this.chain
    this.checkCycle(to, name, chain)
    if (this.#waits >= openAsksCapacity) throw tooManyAsks(this.cell.id, `stream "${name}"`)
    const call = { to, name, spec, payload: this.parted(payload), options }
    return this.opened(streamFrom(this, call, chain))
  }

  /** A payload as it may leave: sharing nothing with a state that goes on changing. */
  protected parted(payload: unknown): unknown {
    return payload
  }

  /** Sends a composed message on its way, or stages it. */
  protected abstract dispatch(envelope: Envelope): TellOutcome
  protected abstract askCall(call: Call): Promise<unknown>
  abstract deliver(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): Promise<void>
  abstract spawn<T extends Messages>(contract: Contract<T>, name: string): Ref<T>
  abstract watch(who: Address): void
  abstract unwatch(who: Address): void
  abstract timer(name: string, when: TimerSpec, message: string, payload?: unknown): void
  abstract cancelTimer(name: string): void
  abstract unstash(): void
  abstract publish(topic: string, payload: unknown): void
  abstract subscribe(pattern: string, message: string): void
  abstract unsubscribe(pattern: string): void
  abstract effect<T>(
    name: string,
    input: unknown,
    fn: (step: StepInfo) => Promise<T> | T,
    options?: EffectOptions,
  ): Promise<T>

  stash(): void {
    this.check()
    if (this.envelope === undefined) {
      throw new TroupeError('CTX_REVOKED', 'stash: a start hook has no message in hand')
    }
    this.stashing = true
  }

  grant(): Grant {
    this.check()
    const { type, key } = this.cell
    return { type, key, grant: this.grantToken() }
  }

  interrupt(who: Address | Grant, messageId: string): void {
    this.check()
    const to = addressText('interrupt', who)
    checkInterrupt(messageId)
    const right = 'grant' in who ? { grant: who.grant } : {}
    const signal = { kind: 'interrupt', id: messageId, by: this.cell.id, ...right } as const
    this.sendSignal(to, signal)
  }

  protected abstract grantToken(): string
  protected abstract sendSignal(to: string, signal: Signal): void

  stop(): void {
    this.check()
    this.afterwards ??= 'stopped'
  }

  destroy(): void {
    this.check()
    this.afterwards = 'destroyed'
  }

  // ── asks, cycles, probes (T4) ─────────────────────────────────────────────────────────────────

  /** The waiting turns that an ask of this one carries: all before it, and this one. */
  protected get chain(): readonly string[] {
    const before = this.envelope?.header.chain
    return before === undefined ? [this.cell.id] : [...before, this.cell.id]
  }

  /** @throws ASK_CYCLE when `to` is one of the turns that wait for this one */
  protected checkCycle(to: Target, name: string, chain: readonly string[]): void {
    const at = chain.indexOf(to.id)
    if (at < 0) return
    const definition = this.host.definition(to.type)
    // No turn keeps the reads of a durable actor waiting (T1).
    if (definition?.behavior.durable === true && definition.reads.has(name)) return
    throw cycleError([...chain.slice(at), to.id])
  }

  /** Waits for an ask: an abort of the turn ends it, and probes for cycles go along it. */
  follow(ask: Ask): void {
    this.#asks ??= new OpenAsks(this)
    this.#asks.follow(ask)
  }

  probe(probe: Probe): void {
    this.#asks?.probe(probe)
  }

  // ── the end of the turn (T6) ──────────────────────────────────────────────────────────────────

  get closed(): boolean {
    return this.#closed
  }

  /** The handler returned or its promise resolved. */
  return(value: unknown): void {
    this.#ended({ ok: true, value })
  }

  /** The handler threw or its promise rejected. */
  throw(error: unknown): void {
    this.#ended({ ok: false, error })
  }

  /** One step settled; the turn may now be over. */
  protected stepOver(waits: 0 | 1): void {
    this.open -= 1
    this.#waits -= waits
    if (this.#outcome !== undefined) this.#ended(this.#outcome)
  }

  #ended(outcome: Settled): void {
    if (this.#closed) return
    if (this.#outcome === undefined) this.#leaveUnread()
    this.#outcome = outcome
    if (this.open > 0) return
    const lost = this.#failedSteps?.find(({ step }) => !step.observed)
    if (!outcome.ok) this.cell.failed(this, outcome.error)
    else if (lost !== undefined) this.cell.failed(this, lost.error)
    else this.cell.completed(this, outcome.value)
  }

  /** Nobody will read these streams any more; waiting for their end would hold the actor for ever. */
  #leaveUnread(): void {
    for (const stream of this.#streams ?? []) if (!stream.isRead) stream.cancel()
  }

  close(): void {
    this.#closed = true
    this.#unlink?.()
  }

  /** Aborts `ctx.signal` and what this turn asked for; it still ends only with its handler (M6). */
  abort(reason: unknown): void {
    const controller = this.#abortable()
    if (controller.signal.aborted) return
    controller.abort(reason)
    this.#asks?.fail(reason, true)
  }

  /** Fails what this turn waits for and takes nothing back: it will run again and ask for the same. */
  leaveAsks(reason: unknown): void {
    this.#asks?.fail(reason, false)
  }

  /** True when the handler ended with the abort it was told of: obeying is no failure. */
  isAbort(error: unknown): boolean {
    const signal = this.#controller?.signal
    if (signal?.aborted !== true) return false
    if (error === signal.reason) return true
    return error instanceof TroupeError
      ? error.code === (signal.reason as { code?: unknown } | undefined)?.code
      : error instanceof Error && error.name === 'AbortError'
  }

  /** @throws CTX_REVOKED */
  protected check(): void {
    if (this.#closed) throw revoked(this.cell.id, this.envelope?.name ?? 'start')
  }
}

/** A message whose caller had given up before it was sent. */
export function abortedBefore(options: MessageOptions | undefined): TellOutcome | undefined {
  if (options?.signal?.aborted !== true) return undefined
  const cause = options.signal.reason
  return refused('cancelled', new TroupeError('CANCELLED', 'the signal is aborted', { cause }))
}
