/**
 * The port of refs that belong to no turn: `system.ref(...)`. Sends at once, waits for replies, and
 * carries no ask chain.
 */

import { types } from 'node:util'
import { askStored, isStored } from '../../actors/cell/ask-stored.ts'
import { awaitReply } from '../../actors/cell/asked-error.ts'
import {
  composeTell,
  deliverFrom,
  publication,
  sendAsk,
  streamFrom,
} from '../../actors/cell/outgoing.ts'
import type { CellHost } from '../../actors/cell/ports.ts'
import { presentKey } from '../../actors/cell/present.ts'
import { type Call, composeAsk, type Sender } from '../../actors/cell/sending.ts'
import { validPayload } from '../../actors/cell/validation.ts'
import type { Grant } from '../../actors/context.ts'
import { bindRef, type Contract, type Messages } from '../../actors/contract.ts'
import type { AnyMessage } from '../../actors/message.ts'
import type { MessageOptions, Ref, ReplyStream, SendPort, Target } from '../../actors/ref.ts'
import type { Address } from '../../mailbox/address.ts'
import { Envelope } from '../../mailbox/envelope.ts'
import type { MessageId } from '../../mailbox/message-id.ts'
import { refused, type TellOutcome } from '../../mailbox/outcome.ts'
import { checkTopic } from '../../persistence/topic.ts'
import { closedError } from './refusals.ts'

export class Outside implements SendPort, Sender {
  readonly host: CellHost
  readonly beginsTraces: boolean
  readonly from = ''
  readonly causeA = 0
  readonly causeB = 0
  #closed = false

  /** @param beginsTraces what it sends may be the start of one: what `deps` send is part of no question */
  constructor(host: CellHost, beginsTraces = true) {
    this.host = host
    this.beginsTraces = beginsTraces
  }

  /** Of whoever calls. */
  get trace(): string | undefined {
    return this.beginsTraces ? this.host.tracing?.ambient : undefined
  }

  /** From now on everything is refused with SYSTEM_CLOSED. */
  close(): void {
    this.#closed = true
  }

  ref<M extends Messages>(contract: Contract<M>, key: string | Address): Ref<M> {
    return bindRef(contract, presentKey(this.host, key), this)
  }

  tell(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): TellOutcome {
    if (this.#closed) return refused('closed', closedError())
    const told = composeTell(this, { to, name, spec, payload, options })
    return told instanceof Envelope ? this.host.route(told) : told
  }

  async deliver(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): Promise<void> {
    this.#check()
    await deliverFrom(this, { to, name, spec, payload, options })
  }

  /** The promise is the reply's own: a frame of its own for each ask would cost as much as sending it. */
  ask(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): Promise<unknown> {
    try {
      this.#check()
      const call = { to, name, spec, payload, options }
      const valid = validPayload(call)
      return types.isPromise(valid)
        ? valid.then((checked) => this.#ask(call, checked))
        : this.#ask(call, valid)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #ask(call: Call, payload: unknown): Promise<unknown> {
    if (isStored(this, call)) return askStored(this, call, payload)
    const { ask, envelope } = composeAsk(this, call, payload, undefined)
    sendAsk(this.host, ask, envelope)
    return awaitReply(ask)
  }

  stream(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): ReplyStream<unknown, unknown> {
    this.#check()
    return streamFrom(this, { to, name, spec, payload, options }, undefined)
  }

  publish(topic: string, payload: unknown): void {
    this.#check()
    checkTopic(topic)
    this.host.publish(publication(this, topic, payload))
  }

  /** Interrupts the turn of a message, by the right of a grant that its actor handed out (M6). */
  interrupt({ type, key, grant }: Grant, message: MessageId): void {
    this.#check()
    this.host.signal(`${type}/${key}`, { kind: 'interrupt', id: message, by: '', grant })
  }

  #check(): void {
    if (this.#closed) throw closedError()
  }
}
