/**
 * One turn as its handler sees it: the implementation of `ctx` that all kinds of turns share.
 *
 * Owns: when it is over (T6), and the composing of sends. Does not own: what any handler knows and when
 * its `ctx` is revoked (`handling.ts`), its calls that are out (`open-calls.ts`). Subclasses decide where
 * sends go: at once (`volatile-turn.ts`) or into the commit (`durable-turn.ts`).
 *
 * Invariant: after `close` nothing said through this object has any effect; it throws CTX_REVOKED.
 */
import { type Address, addressText } from '../../mailbox/address.ts'
import { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Settled, TellOutcome } from '../../mailbox/outcome.ts'
import type { Grant } from '../context.ts'
import { bindRef, type Contract, type Messages } from '../contract.ts'
import type { AnyMessage } from '../message.ts'
import type { MessageOptions, Ref, ReplyStream, SendPort, Target } from '../ref.ts'
import type { Span } from '../span.ts'
import type { Ask } from './ask-table.ts'
import { Handling, type HandlingOwner } from './handling.ts'
import { checkCycle } from './open-asks.ts'
import { OpenCalls } from './open-calls.ts'
import { composeTell, streamFrom } from './outgoing.ts'
import { presentId, presentKey } from './present.ts'
import { Seeded } from './seeded.ts'
import { type Call, composePlain, type Sender } from './sending.ts'
import type { EndReason, Probe, Signal } from './signal.ts'
import { SpanPort } from './span-port.ts'
import { checkInterrupt } from './turn-checks.ts'

/** The actor whose turn it is. */
export interface TurnOwner extends HandlingOwner {
  /** A message of this name waits in its mailbox. */
  waits(message: string): boolean
  /** The handler and all its steps have settled. */
  completed(turn: Turn, value: unknown): void
  failed(turn: Turn, error: unknown): void
}

export abstract class Turn extends Handling implements SendPort, Sender {
  declare readonly cell: TurnOwner
  /** What to do with the actor afterwards. */
  afterwards: EndReason | undefined
  /** The message goes to the stash instead of being processed. */
  stashing = false
  /** What its message's schema said, when the payload did not fit it (see `published.ts`). */
  misfit: TroupeError | undefined
  /** How the handler ended, while the turn still waits for open calls (T6). */
  #outcome: Settled | undefined
  // Most turns need none of these: they are made when they are.
  #calls: OpenCalls | undefined
  #seeded: Seeded | undefined

  // ── who is speaking ───────────────────────────────────────────────────────────────────────────

  get from(): string {
    return this.cell.id
  }
  get causeA(): number {
    return this.envelope?.a ?? 0
  }
  get causeB(): number {
    return this.envelope?.b ?? 0
  }

  // ── what there is to know ─────────────────────────────────────────────────────────────────────

  get self(): Ref<Messages> {
    this.check()
    return new this.cell.definition.contract.refClass(this.cell.key, this)
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

  // ── sending ───────────────────────────────────────────────────────────────────────────────────

  ref<T extends Messages>(contract: Contract<T>, key: string | Address, within?: Span): Ref<T> {
    this.check()
    const port = within === undefined ? this : new SpanPort(this, within)
    return bindRef(contract, presentKey(this.host, key), port)
  }

  tell(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): TellOutcome {
    this.check()
    const isPlain = options === undefined && spec.input === undefined
    if (isPlain && this.host.tracing === undefined) {
      return this.dispatch(composePlain(this, to.id, name, payload))
    }
    const told = composeTell(this, { to, name, spec, payload, options })
    return told instanceof Envelope ? this.dispatch(told) : told
  }

  ask(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): Promise<unknown> {
    this.check()
    return this.calls.wait(`ask "${name}"`, () =>
      this.askCall({ to, name, spec, payload, options }),
    )
  }

  protected get calls(): OpenCalls {
    this.#calls ??= new OpenCalls(this)
    return this.#calls
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
    const { chain } = this
    checkCycle(this.host, to, name, chain)
    const call = { to, name, spec, payload: this.parted(payload), options }
    return this.calls.stream(`stream "${name}"`, () => streamFrom(this, call, chain))
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
    this.sendSignal(presentId(this.host, to), signal)
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

  /** The waiting turns that an ask of this one carries: all before it, and this one. */
  protected get chain(): readonly string[] {
    const before = this.envelope?.header.chain
    return before === undefined ? [this.cell.id] : [...before, this.cell.id]
  }

  follow(ask: Ask): void {
    this.calls.follow(ask)
  }

  probe(probe: Probe): void {
    this.#calls?.probe(probe)
  }

  // ── the end of the turn (T6) ──────────────────────────────────────────────────────────────────

  /** Calls that have not settled. */
  get open(): number {
    return this.#calls?.size ?? 0
  }

  /** The handler returned or its promise resolved. */
  return(value: unknown): void {
    this.#ended({ ok: true, value })
  }

  /** The handler threw or its promise rejected. */
  throw(error: unknown): void {
    this.#ended({ ok: false, error })
  }

  /** One call settled; the turn may now be over. */
  callSettled(): void {
    if (this.#outcome !== undefined) this.#ended(this.#outcome)
  }

  #ended(outcome: Settled): void {
    if (this.closed) return
    if (this.#outcome === undefined) this.#calls?.leaveUnread()
    this.#outcome = outcome
    if (this.open > 0) return
    const lost = this.#calls?.lost
    if (!outcome.ok) this.cell.failed(this, outcome.error)
    else if (lost !== undefined) this.cell.failed(this, lost.error)
    else this.cell.completed(this, outcome.value)
  }

  /** Aborts what this turn asked for too. */
  override abort(reason: unknown): boolean {
    const isFirst = super.abort(reason)
    if (isFirst) this.#calls?.failAsks(reason, true)
    return isFirst
  }

  /** Fails what this turn waits for and takes nothing back: it will run again and ask for the same. */
  leaveAsks(reason: unknown): void {
    this.#calls?.failAsks(reason, false)
  }
}
