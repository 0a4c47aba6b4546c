/**
 * What a handler says about bonds, timers and topics, checked alike for every kind of turn. What passed
 * goes to the subclass, which decides when it becomes real: at once (`volatile-turn.ts`) or with the
 * commit (`durable-turn.ts`).
 */
import { type Address, addressText, formatAddress } from '../../mailbox/address.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { checkPattern, checkTopic } from '../../persistence/topic.ts'
import type { ActorDefinition } from '../actor.ts'
import type { TimerSpec } from '../context.ts'
import type { Contract, Messages } from '../contract.ts'
import type { Ref } from '../ref.ts'
import { missing, publication } from './outgoing.ts'
import { presentId } from './present.ts'
import { Turn } from './turn.ts'
import { checkHandler, checkName, checkTimer, checkWatch } from './turn-checks.ts'
import { validTimerPayload } from './validation.ts'

export abstract class CheckedTurn extends Turn {
  spawn<T extends Messages>(contract: Contract<T>, name: string): Ref<T> {
    checkName('spawn', name)
    const child = this.ref(contract, `${this.cell.key}/${name}`)
    const definition = this.host.definition(contract.type)
    if (definition === undefined) throw missing(contract.type)
    this.spawned(formatAddress(child), definition)
    return child
  }

  watch(who: Address): void {
    this.check()
    checkWatch(this.cell.definition)
    this.watched(presentId(this.host, addressText('watch', who)), who)
  }

  unwatch(who: Address): void {
    this.check()
    this.unwatched(presentId(this.host, addressText('unwatch', who)))
  }

  timer(name: string, when: TimerSpec, message: string, payload?: unknown): void {
    this.check()
    const { definition } = this.cell
    checkTimer(definition, name, when, message)
    this.timerSet(name, when, message, validTimerPayload(definition, name, message, payload))
  }

  cancelTimer(name: string): void {
    this.check()
    checkName('cancelTimer', name)
    this.timerCancelled(name)
  }

  publish(topic: string, payload: unknown): void {
    this.check()
    checkTopic(topic)
    this.published(publication(this, topic, payload))
  }

  subscribe(pattern: string, message: string): void {
    this.check()
    checkPattern(pattern)
    checkHandler(this.cell.definition, `subscribe "${pattern}"`, message)
    this.subscribed(pattern, message)
  }

  unsubscribe(pattern: string): void {
    this.check()
    checkPattern(pattern)
    this.subscribed(pattern)
  }

  /** @param id of the child */
  protected abstract spawned(id: string, definition: ActorDefinition): void
  /** @param id of `who`, under the name its type has now */
  protected abstract watched(id: string, who: Address): void
  protected abstract unwatched(id: string): void
  protected abstract timerSet(
    name: string,
    when: TimerSpec,
    message: string,
    payload: unknown,
  ): void
  protected abstract timerCancelled(name: string): void
  protected abstract published(envelope: Envelope): void
  /** @param message undefined for no more */
  protected abstract subscribed(pattern: string, message?: string): void
}
