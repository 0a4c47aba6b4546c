/**
 * A turn of a volatile actor: the state is the object itself, and everything said leaves at once.
 */
import { type Address, formatAddress } from '../../mailbox/address.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { TellOutcome } from '../../mailbox/outcome.ts'
import { checkTopic } from '../../persistence/topic.ts'
import type { EffectOptions, StepInfo, TimerSpec } from '../context.ts'
import type { Contract, Messages } from '../contract.ts'
import type { AnyMessage } from '../message.ts'
import type { MessageOptions, Ref, ReplyStream, Target } from '../ref.ts'
import { deliverFrom, missing, publication, sendAsk, streamFrom } from './outgoing.ts'
import { awaitReply, type Call, composeAsk, validPayload } from './sending.ts'
import { checkTimer } from './timer-check.ts'
import { Turn } from './turn.ts'
import type { VolatileCell } from './volatile-cell.ts'

export class VolatileTurn extends Turn {
  declare readonly cell: VolatileCell

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

  protected async askCall(call: Call): Promise<unknown> {
    const chain = this.chain
    this.checkCycle(call.to, call.name, chain)
    this.open += 1
    try {
      const valid = validPayload(call)
      const payload = valid instanceof Promise ? await valid : valid
      const { ask, envelope } = composeAsk(this, call, payload, chain)
      this.follow(ask)
      sendAsk(this.host, ask, envelope)
      return await awaitReply(ask)
    } finally {
      this.stepOver()
    }
  }

  async deliver(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): Promise<void> {
    this.check()
    this.open += 1
    try {
      await deliverFrom(this, { to, name, spec, payload, options })
    } finally {
      this.stepOver()
    }
  }

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
    const stream = streamFrom(this, { to, name, spec, payload, options }, chain)
    this.open += 1
    const over = (): void => this.stepOver()
    stream.reply.then(over, over)
    return stream
  }

  spawn<T extends Messages>(contract: Contract<T>, name: string): Ref<T> {
    const child = this.ref(contract, `${this.cell.key}/${name}`)
    if (this.host.definition(contract.type) === undefined) throw missing(contract.type)
    const id = formatAddress(child)
    this.cell.family.addChild(id)
    this.host.signal(id, { kind: 'adopt', parent: this.cell.id })
    return child
  }

  watch(who: Address): void {
    this.check()
    const id = formatAddress(who)
    this.cell.family.watch(id)
    this.host.signal(id, { kind: 'watch', by: this.cell.id })
  }

  unwatch(who: Address): void {
    this.check()
    const id = formatAddress(who)
    if (this.cell.family.unwatch(id)) {
      this.host.signal(id, { kind: 'unwatch', by: this.cell.id })
    }
  }

  timer(name: string, when: TimerSpec, message: string, payload?: unknown): void {
    this.check()
    checkTimer(this.cell.definition, name, when, message)
    this.cell.timers.set(name, when, message, payload)
  }

  cancelTimer(name: string): void {
    this.check()
    this.cell.timers.cancel(name)
  }

  unstash(): void {
    this.check()
    this.cell.unstash()
  }

  publish(topic: string, payload: unknown): void {
    this.check()
    checkTopic(topic)
    this.host.publish(publication(this, topic, payload))
  }

  subscribe(pattern: string, message: string): void {
    this.check()
    this.host.subscribe(this.cell.id, pattern, message)
  }

  unsubscribe(pattern: string): void {
    this.check()
    this.host.unsubscribe(this.cell.id, pattern)
  }

  /** Not recorded: a volatile actor keeps nothing, so there is nothing to resume. */
  async effect<T>(
    name: string,
    _input: unknown,
    fn: (step: StepInfo) => Promise<T> | T,
    _options?: EffectOptions,
  ): Promise<T> {
    this.check()
    this.open += 1
    try {
      return await fn({ key: `${this.seed}:${name}`, signal: this.signal })
    } finally {
      this.stepOver()
    }
  }
}
