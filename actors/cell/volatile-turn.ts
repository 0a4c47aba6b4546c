/**
 * A turn of a volatile actor: the state is the object itself, and everything said leaves at once.
 */
import { types } from 'node:util'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { Settled, TellOutcome } from '../../mailbox/outcome.ts'
import type { Context, EffectOptions, StepInfo, TimerSpec } from '../context.ts'
import type { AnyMessage } from '../message.ts'
import type { MessageOptions, Target } from '../ref.ts'
import { askStored, isStored } from './ask-stored.ts'
import { awaitReply } from './asked-error.ts'
import { CheckedTurn } from './checked-turn.ts'
import type { OutgoingCall } from './effect-choices.ts'
import type { Family } from './family.ts'
import type { Inbox } from './inbox.ts'
import { checkCycle } from './open-asks.ts'
import { deliverFrom, sendAsk } from './outgoing.ts'
import { recoded } from './recoded.ts'
import { type Call, composeAsk } from './sending.ts'
import type { Signal } from './signal.ts'
import { askLabel, hashOf } from './steps.ts'
import type { Timers } from './timers.ts'
import type { TurnOwner } from './turn.ts'
import { checkEffect } from './turn-checks.ts'
import { validPayload } from './validation.ts'
import { isRecordedInFull, recordCall } from './volatile-record.ts'

/** The actor whose turn it is. */
interface VolatileOwner extends TurnOwner {
  state: unknown
  readonly timers: Timers
  readonly family: Family
  makeGrant(): string
  readonly inbox: Inbox
}

export class VolatileTurn extends CheckedTurn implements Context {
  declare readonly cell: VolatileOwner
  /** Calls so far, where they are recorded. */
  #made = 0

  get state(): unknown {
    this.check()
    return this.cell.state
  }

  set state(value: unknown) {
    this.check()
    this.cell.state = value
  }

  protected dispatch(envelope: Envelope): TellOutcome {
    return this.host.route(envelope)
  }

  protected askCall(call: Call): Promise<unknown> {
    const chain = this.chain
    checkCycle(this.host, call.to, call.name, chain)
    const valid = validPayload(call)
    return types.isPromise(valid)
      ? valid.then((checked) => this.#askValid(call, checked, chain))
      : this.#askValid(call, valid, chain)
  }

  #askValid(call: Call, payload: unknown, chain: readonly string[]): Promise<unknown> {
    if (this.#isPlain) return this.#ask(call, payload, chain)
    const label = askLabel(call.to.id, call.name)
    const isKept = this.host.definition(call.to.type)?.behavior.durable === true
    return this.#call(label, payload, { isAsk: true, isKept }, () =>
      this.#ask(call, payload, chain),
    )
  }

  #ask(call: Call, payload: unknown, chain: readonly string[]): Promise<unknown> {
    if (isStored(this, call)) {
      return askStored(this, call, payload, chain, (ask) => this.follow(ask))
    }
    const { ask, envelope } = composeAsk(this, call, payload, chain)
    this.follow(ask)
    sendAsk(this.host, ask, envelope)
    return awaitReply(ask)
  }

  deliver(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): Promise<void> {
    this.check()
    const call = { to, name, spec, payload, options }
    return this.calls.wait(`deliver "${name}"`, () =>
      deliverFrom(this, call, (wait) => this.follow(wait)),
    )
  }

  protected spawned(id: string): void {
    this.cell.family.addChild(id)
    this.host.signal(id, { kind: 'adopt', parent: this.cell.id })
  }

  protected watched(id: string): void {
    this.cell.family.watch(id)
    this.host.signal(id, { kind: 'watch', by: this.cell.id })
  }

  protected unwatched(id: string): void {
    if (this.cell.family.unwatch(id)) {
      this.host.signal(id, { kind: 'unwatch', by: this.cell.id })
    }
  }

  protected grantToken(): string {
    return this.cell.makeGrant()
  }

  protected sendSignal(to: string, signal: Signal): void {
    this.host.signal(to, signal)
  }

  protected timerSet(name: string, when: TimerSpec, message: string, payload: unknown): void {
    const kept = this.host.development ? recoded(payload, `payload of timer "${name}"`) : payload
    this.cell.timers.set(name, when, message, kept)
  }

  protected timerCancelled(name: string): void {
    this.cell.timers.cancel(name)
  }

  unstash(): void {
    this.check()
    this.cell.inbox.unstash()
  }

  protected published(envelope: Envelope): void {
    this.host.publish(envelope)
  }

  protected subscribed(pattern: string, message?: string): void {
    if (message === undefined) this.host.unsubscribe(this.cell.id, pattern)
    else this.host.subscribe(this.cell.id, pattern, message)
  }

  /** Not recorded: a volatile actor keeps nothing, so there is nothing to resume. */
  effect<T>(
    name: string,
    input: unknown,
    fn: (step: StepInfo) => Promise<T> | T,
    options?: EffectOptions,
  ): Promise<T> {
    this.check()
    checkEffect(name, fn, options)
    const waits = (message: string): boolean => this.cell.waits(message)
    const info = { key: `${this.seed}:${name}`, signal: this.signal, waits }
    if (this.#isPlain) return this.calls.step(async () => await fn(info))
    const kind = { isAsk: false, isKept: false }
    return this.calls.step(() => this.#call(name, input, kind, async () => await fn(info)))
  }

  /** Most calls are made and nothing more. */
  get #isPlain(): boolean {
    return this.host.effects === undefined && !isRecordedInFull(this.cell)
  }

  /** Makes a call, or what was chosen instead of it, and notes how it ended where all is recorded. */
  async #call<T>(
    label: string,
    input: unknown,
    kind: Pick<OutgoingCall, 'isAsk' | 'isKept'>,
    make: () => Promise<T>,
  ): Promise<T> {
    const hash = hashIfAny(input)
    const other = this.host.effects?.instead({ actor: this.from, label, inputHash: hash, ...kind })
    const call = other === undefined ? make() : Promise.resolve().then(() => other() as T)
    if (!isRecordedInFull(this.cell)) return await call
    this.#made += 1
    const section = { key: `${this.seed}:${this.#made}`, n: this.#made, hash }
    const note = (outcome: Settled) => recordCall(this.cell, this.envelope, label, section, outcome)
    call.then(
      (value) => note({ ok: true, value }),
      (error) => note({ ok: false, error }),
    )
    return await call
  }
}

/** Its input matters only to who chooses or reads: what cannot be encoded is no failure of the call. */
function hashIfAny(input: unknown): string {
  try {
    return hashOf(input)
  } catch {
    return ''
  }
}
