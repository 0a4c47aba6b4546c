/**
 * One turn as its handler sees it: the implementation of `ctx` that all kinds of turns share.
 *
 * Owns: the open/closed state of `ctx` (T6), open steps, the abort signal, and the composing of
 * sends. Subclasses decide where sends go: at once (`volatile-turn.ts`) or into the commit
 * (`durable-turn.ts`).
 *
 * Invariant: after `close` nothing said through this object has any effect; it throws CTX_REVOKED.
 */
import { type Address, checkKey } from '../../mailbox/address.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { laneNames } from '../../mailbox/lane.ts'
import { refused, type Settled, type TellOutcome } from '../../mailbox/outcome.ts'
import type { Context, EffectOptions, Log, MessageInfo, StepInfo, TimerSpec } from '../context.ts'
import type { Contract, Messages } from '../contract.ts'
import type { AnyMessage } from '../message.ts'
import type { MessageOptions, Ref, ReplyStream, SendPort, Target } from '../ref.ts'
import type { Ask } from './ask-table.ts'
import type { Cell } from './cell.ts'
import { makeLog } from './log.ts'
import type { CellHost } from './ports.ts'
import { Seeded } from './seeded.ts'
import { type Call, compose, type Sender, validPayloadNow } from './sending.ts'
import type { EndReason, Probe } from './signal.ts'

export abstract class Turn implements Context, SendPort, Sender {
  readonly cell: Cell
  /** The message in hand; undefined in a start hook. */
  readonly envelope: Envelope | undefined
  /** Monotonic ms; read only when the turn is asynchronous. */
  startedMono = 0
  /** What to do with the actor afterwards. */
  afterwards: EndReason | undefined
  /** The message goes to the stash instead of being processed. */
  stashing = false
  /** Asks and effects that have not settled (T6). */
  open = 0
  /** How the handler ended, while the turn still waits for open steps (T6). */
  #outcome: Settled | undefined
  /** Attempt number of the message (F2). */
  readonly attempt: number
  #closed = false
  #controller: AbortController | undefined
  #seeded: Seeded | undefined
  #asks: Set<Ask> | undefined

  constructor(cell: Cell, envelope: Envelope | undefined, attempt = 1) {
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
    return new this.cell.definition.contract.refClass(this.cell.key, this)
  }

  get sender(): Address | undefined {
    const from = this.envelope?.from ?? ''
    const slash = from.indexOf('/')
    return slash < 0 ? undefined : { type: from.slice(0, slash), key: from.slice(slash + 1) }
  }

  get message(): MessageInfo {
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
    return this.host.deps()
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  get log(): Log {
    return makeLog(this.host, this.cell.id)
  }

  now(): number {
    return this.host.clock.wall()
  }

  random(): number {
    this.#seeded ??= new Seeded(this.seed)
    return this.#seeded.random()
  }

  uuid(): string {
    this.#seeded ??= new Seeded(this.seed)
    return this.#seeded.uuid()
  }

  /** What random numbers, ids and step keys are derived from (R3). */
  protected get seed(): string {
    return `${this.cell.id}:${this.envelope?.id ?? '$start'}`
  }

  // ── sending ───────────────────────────────────────────────────────────────────────────────────

  ref<T extends Messages>(contract: Contract<T>, key: string | Address): Ref<T> {
    const text = typeof key === 'string' ? key : keyOf(contract, key)
    checkKey(text)
    return new contract.refClass(text, this)
  }

  tell(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): TellOutcome {
    this.check()
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
    return this.askCall({ to, name, spec, payload, options })
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
  abstract stream(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): ReplyStream<unknown, unknown>
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
    if (definition?.behavior.durable && definition.reads.has(name)) return
    throw cycleError([...chain.slice(at), to.id])
  }

  /** Counts an open ask of this turn, so that probes can follow it and the turn waits for it. */
  follow(ask: Ask): void {
    this.#asks ??= new Set()
    this.#asks.add(ask)
    ask.followedBy(this)
  }

  /** An ask of this turn settled. */
  askSettled(ask: Ask): void {
    this.#asks?.delete(ask)
  }

  /** An ask of this turn has waited long enough to be suspicious. */
  suspect(ask: Ask): void {
    this.host.signal(ask.to, {
      kind: 'probe',
      probe: {
        origin: this.cell.id,
        turn: this.startedMono,
        startedAt: this.startedMono,
        call: ask.call,
        path: [this.cell.id],
      },
    })
  }

  /** A probe reached the actor whose turn this is: it goes on along every ask that is out. */
  probe(probe: Probe): void {
    if (probe.origin === this.cell.id) {
      const ask = this.host.asks.get(probe.call)
      if (ask?.waiter === this) ask.fail(cycleError([...probe.path, this.cell.id]))
      return
    }
    // The youngest turn of a ring looks for it; older ones let its probe pass, younger ones do not.
    const younger =
      this.startedMono > probe.startedAt ||
      (this.startedMono === probe.startedAt && this.cell.id > probe.origin)
    if (younger || probe.path.includes(this.cell.id)) return
    for (const ask of this.#asks ?? []) {
      const path = [...probe.path, this.cell.id]
      this.host.signal(ask.to, { kind: 'probe', probe: { ...probe, path } })
    }
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
  protected stepOver(): void {
    this.open -= 1
    if (this.#outcome !== undefined) this.#ended(this.#outcome)
  }

  #ended(outcome: Settled): void {
    if (this.#closed) return
    this.#outcome = outcome
    if (this.open > 0) return
    if (outcome.ok) this.cell.completed(this, outcome.value)
    else this.cell.failed(this, outcome.error)
  }

  close(): void {
    this.#closed = true
  }

  /** Aborts `ctx.signal`; the turn still ends only when its handler does (M6). */
  abort(reason: unknown): void {
    this.#controller ??= new AbortController()
    this.#controller.abort(reason)
    for (const ask of this.#asks ?? []) ask.fail(reason)
  }

  /** @throws CTX_REVOKED */
  protected check(): void {
    if (!this.#closed) return
    throw new TroupeError(
      'CTX_REVOKED',
      `ctx of ${this.cell.id} was used after its turn (${this.envelope?.name ?? 'start'}) ended; await everything inside the handler, and bind received refs with ctx.ref`,
    )
  }
}

function keyOf(contract: { readonly type: string }, address: Address): string {
  if (address.type === contract.type) return address.key
  throw new TroupeError(
    'ADDRESS_INVALID',
    `ctx.ref: expected an address of type "${contract.type}", got "${address.type}/${address.key}"`,
  )
}

export function cycleError(cycle: readonly string[]): TroupeError {
  return new TroupeError(
    'ASK_CYCLE',
    `this ask would wait for itself: ${cycle.join(' asks ')}; use tell, or a read handler`,
    { fields: { cycle } },
  )
}
