/**
 * A turn of a durable actor: works on a recorded draft, and stages everything it says for its
 * commit (D1, T3). Calls out of it are steps (D2).
 *
 * Owns what changed and what was said until the commit takes both. Does not own the checks of what is
 * said (`turn.ts`, `checked-turn.ts`), its bytes (`staged.ts`), or how a step runs (`step-run.ts`).
 */
import { type Address, formatAddress } from '../../mailbox/address.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { staged, type TellOutcome } from '../../mailbox/outcome.ts'
import type { Patch } from '../../persistence/patch.ts'
import { PartFlag } from '../../persistence/record.ts'
import type { Secret } from '../../persistence/secret.ts'
import { endTopic } from '../../persistence/topic.ts'
import type { ActorDefinition } from '../actor.ts'
import type { Context, EffectOptions, StepInfo, TimerSpec } from '../context.ts'
import { createDraft, type Draft } from '../draft/draft.ts'
import type { AnyMessage } from '../message.ts'
import type { MessageOptions, Target } from '../ref.ts'
import type { OpenSpan } from '../span.ts'
import { Bonds } from './bonds.ts'
import type { Book } from './book.ts'
import { CheckedTurn } from './checked-turn.ts'
import { adoptionOf, terminationOf } from './durable-hooks.ts'
import { terminatedMessage } from './family.ts'
import { checkCycle } from './open-asks.ts'
import { payloadVersion } from './present.ts'
import { copied } from './recoded.ts'
import { Seeded } from './seeded.ts'
import { type Call, compose } from './sending.ts'
import type { Signal } from './signal.ts'
import { Staged } from './staged.ts'
import { runAsk, runEffect, type StepStore } from './step-run.ts'
import type { Steps } from './steps.ts'
import { firstDelay } from './timers.ts'
import type { TurnOwner } from './turn.ts'
import { checkEffect } from './turn-checks.ts'
import type { TurnInputs } from './turn-inputs.ts'
import { settledPayload } from './validation.ts'

const noSteps: readonly never[] = Object.freeze([])

/** The actor whose turn it is, with the store's side of its steps. */
interface DurableOwner extends TurnOwner {
  readonly stepLog: StepStore
  readonly state: unknown
  readonly book: Book
}

export class DurableTurn extends CheckedTurn implements Context {
  declare readonly cell: DurableOwner
  readonly steps: Steps
  /** Wall time in ms when it started; also the first `now` (R3). */
  readonly startedWall: number
  // Most turns have neither of these: they are made when there is something to keep.
  #settled: [key: string, now: number][] | undefined
  #staged: Staged | undefined
  /** What it says about the actor's bonds. */
  bonds: Bonds | undefined
  /** The stash had no room for its message. */
  overfull = false
  /** What it handed out (M6). */
  granted: string | undefined
  #now: number
  #unstash = false
  #shared: unknown[] | undefined
  /** Of what it said, which becomes real with the turn or not at all (T3). */
  #departing: OpenSpan[] | undefined
  #draft: Draft<object> | undefined
  #book: Draft<Book> | undefined

  constructor(cell: DurableOwner, envelope: Envelope | undefined, steps: Steps, attempt: number) {
    super(cell, envelope, attempt)
    this.steps = steps
    this.startedWall = Math.floor(cell.host.clock.wall())
    this.#now = this.startedWall
    cell.host.script?.begin((reason) => this.abort(reason))
  }

  get state(): unknown {
    this.check()
    return this.#drafted().state
  }

  set state(value: unknown) {
    this.check()
    this.#drafted().replace(value as object)
  }

  /** The runtime's own book about the actor, drafted like its state. */
  get book(): Book {
    this.#book ??= createDraft(this.cell.book)
    return this.#book.state
  }

  /** What changed; undefined for nothing. Looked at once, at the end. */
  finish(): { readonly patch: Patch | undefined; readonly book: Patch | undefined } {
    return { patch: this.#draft?.finish(), book: this.#book?.finish() }
  }

  /** Most messages look at the state, some do not: the draft is made when it is needed. */
  #drafted(): Draft<object> {
    if (this.#draft === undefined) {
      this.#draft = createDraft(this.cell.state as object)
      this.#draft.share(this.envelope?.payload)
      for (const value of this.#shared ?? []) this.#draft.share(value)
    }
    return this.#draft
  }

  /** Wall time as of the start and of each settled step, so that a replay sees it again (R3). */
  override now(): number {
    this.check()
    return this.#now
  }

  /** Every attempt and every replay seals under one key, so that it says the same (D2, R2). */
  protected override seal<T>(value: T): Secret<T> {
    const under = this.host.script?.sealedUnder ?? this.steps.sealedUnder
    const secret = this.host.secrets.seal(value, under)
    this.steps.sealedUnder = secret.key
    return secret
  }

  /** A step settled: time goes on, and the order is noted. */
  stepSettled(key: string): void {
    const recorded = this.host.script?.settled(key)
    this.#now = recorded ?? Math.max(this.#now, Math.floor(this.host.clock.wall()))
    this.#settled ??= []
    this.#settled.push([key, this.#now])
  }

  /** A value that the handler was handed and a retry will be handed again: never written into. */
  share(value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    if (this.#draft !== undefined) return this.#draft.share(value)
    this.#shared ??= []
    this.#shared.push(value)
  }

  /** The message that steps of this turn belong to. */
  stepSubject(): Envelope {
    if (this.envelope !== undefined) return this.envelope
    throw new TroupeError(
      'CONTRACT_INVALID',
      `${this.cell.id}: a start hook of a durable actor cannot make steps (effect, ask), they belong to a message; send yourself one with ctx.self.tell`,
    )
  }

  /** For its record (R2). */
  get inputs(): TurnInputs {
    const settled = this.#settled ?? noSteps
    return { settled, attempt: this.attempt, sealedUnder: this.steps.sealedUnder }
  }

  get unstashing(): boolean {
    return this.#unstash
  }

  departs(span: OpenSpan): void {
    this.#departing ??= []
    this.#departing.push(span)
  }

  /** What it said is undone with it, and was never sent. */
  override fail(error: unknown): void {
    this.#departing = undefined
    super.fail(error)
  }

  override close(): void {
    for (const span of this.#departing ?? []) span.end()
    super.close()
    this.#draft?.revoke()
    this.#book?.revoke()
  }

  /** What it has said so far, to be staged. */
  get staged(): Staged {
    this.#staged ??= new Staged(this.host)
    return this.#staged
  }

  /** The same, if it has said anything. */
  get said(): Staged | undefined {
    return this.#staged
  }

  #bonded(): Bonds {
    this.bonds ??= new Bonds()
    return this.bonds
  }

  // ── staging ───────────────────────────────────────────────────────────────────────────────────

  protected dispatch(envelope: Envelope): TellOutcome {
    this.staged.message(envelope)
    return staged
  }

  /** Staged like a tell: it becomes real, and acknowledged, with this turn's commit. */
  deliver(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): Promise<void> {
    this.check()
    const call = { to, name, spec, payload, options }
    return this.calls.step(async () => {
      const { payload: valid } = await settledPayload(call)
      this.staged.message(compose(this, call, valid))
    })
  }

  protected spawned(id: string, { behavior }: ActorDefinition): void {
    this.book.children[id] = true
    this.#bonded().tie((family) => family.addChild(id))
    // A durable child learns it by a message that outlives a crash, a volatile one starts here and now.
    if (behavior.durable) this.staged.message(adoptionOf(this, this.cell.id, id))
    else this.staged.signal(id, { kind: 'adopt', parent: this.cell.id })
  }

  /** The message in hand made this actor a child of its sender. */
  adopted(): void {
    const parent = this.envelope?.from
    this.book.parent = parent
    this.#bonded().tie((family) => {
      family.parent = parent
    })
  }

  forgetChild(child: Address): void {
    delete this.book.children[formatAddress(child)]
  }

  protected watched(id: string, who: Address): void {
    const isNew = this.book.watching[id] !== true
    this.book.watching[id] = true
    this.#bonded().watch(id)
    if (isNew) this.#watchInStore(id, who)
    this.staged.signal(id, { kind: 'watch', by: this.cell.id })
  }

  /** Ends are in the store, and so is the wish to hear of one; of a durable actor's also too late (F6). */
  #watchInStore(id: string, who: Address): void {
    this.staged.subscription(endTopic(id), terminatedMessage)
    if (!this.#isDurable(who)) return
    this.staged.message(terminationOf(this, id, this.cell.id), PartFlag.ifEnded)
  }

  #isDurable({ type }: Address): boolean {
    return this.host.definition(type)?.behavior.durable === true
  }

  protected unwatched(id: string): void {
    delete this.book.watching[id]
    this.#bonded().tie((family) => void family.unwatch(id))
    this.staged.subscription(endTopic(id))
    this.staged.signal(id, { kind: 'unwatch', by: this.cell.id })
  }

  /** Kept in the book, so that what was handed out stays good after a restart. */
  protected grantToken(): string {
    this.book.grant ??= new Seeded(`${this.seed}:grant`).uuid()
    this.granted = this.book.grant
    return this.granted
  }

  protected sendSignal(to: string, signal: Signal): void {
    this.staged.signal(to, signal)
  }

  protected timerSet(name: string, when: TimerSpec, message: string, payload: unknown): void {
    const due = this.#now + Math.round(firstDelay(when))
    const every = 'rate' in when ? Math.round(when.rate) : 0
    this.#stageTimer(name, message, due, every, payload)
    if ('delay' in when) this.book.delays[name] = { delay: when.delay, message }
    else delete this.book.delays[name]
  }

  /** A timer with a fixed delay starts again with the turn of its tick (D8). */
  rearm(): void {
    const name = this.envelope?.header.tick?.timer
    if (name === undefined || this.staged.hasTimer(name)) return
    const delayed = this.cell.book.delays[name]
    if (delayed === undefined) return
    const { delay, message } = delayed
    this.#stageTimer(name, message, this.#now + Math.round(delay), 0, this.envelope?.payload)
  }

  #stageTimer(id: string, name: string, due: number, every: number, payload: unknown): void {
    const version = payloadVersion(this.cell.definition, { name })
    this.staged.timer(id, { name, due, every, version }, payload)
  }

  protected timerCancelled(name: string): void {
    this.staged.cancelTimer(name)
    delete this.book.delays[name]
  }

  unstash(): void {
    this.check()
    this.#unstash = true
  }

  protected published(envelope: Envelope): void {
    this.staged.message(envelope)
  }

  protected subscribed(pattern: string, message?: string): void {
    this.staged.subscription(pattern, message)
  }

  // ── steps ─────────────────────────────────────────────────────────────────────────────────────

  effect<T>(
    name: string,
    input: unknown,
    fn: (step: StepInfo) => Promise<T> | T,
    options?: EffectOptions,
  ): Promise<T> {
    this.check()
    checkEffect(name, fn, options)
    return this.calls.step(() => runEffect(this, name, input, fn, options?.idempotent ?? false))
  }

  protected askCall(call: Call): Promise<unknown> {
    checkCycle(this.host, call.to, call.name, this.chain)
    return runAsk(this, call, this.chain)
  }

  /** It may be a part of the draft. */
  protected override parted(payload: unknown): unknown {
    return copied(payload)
  }
}
