/**
 * Who an actor is bound to: the parent that stops it, the children it stops, the actors it watches
 * (F6). Who watches *it* is kept by the host, since watchers outlive a passivated actor.
 */

import { parseAddress } from '../../mailbox/address.ts'
import { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { Lane } from '../../mailbox/lane.ts'
import type { Cell } from './cell.ts'
import type { EndReason, Signal } from './signal.ts'

/** Names of the messages that the runtime itself puts into a mailbox. */
export const terminatedMessage = '$terminated'
export const childFailedMessage = '$childFailed'

export class Family {
  parent: string | undefined
  readonly #cell: Cell
  #children: Set<string> | undefined
  #watching: Set<string> | undefined

  constructor(cell: Cell) {
    this.#cell = cell
  }

  /** Living children. */
  get size(): number {
    return this.#children?.size ?? 0
  }

  get children(): Iterable<string> {
    return this.#children ?? []
  }

  get watching(): Iterable<string> {
    return this.#watching ?? []
  }

  addChild(id: string): void {
    this.#children ??= new Set()
    this.#children.add(id)
  }

  watch(id: string): void {
    this.#watching ??= new Set()
    this.#watching.add(id)
  }

  unwatch(id: string): boolean {
    return this.#watching?.delete(id) ?? false
  }

  stopChildren(): void {
    for (const child of this.children) {
      this.#cell.host.signal(child, { kind: 'stop', reason: 'stopped', by: this.#cell.id })
    }
  }

  /** Forgets everybody, for a restart with fresh state; children are told to stop. */
  reset(): void {
    this.stopChildren()
    this.#children = undefined
    for (const id of this.watching) {
      this.#cell.host.signal(id, { kind: 'unwatch', by: this.#cell.id })
    }
    this.#watching = undefined
  }

  obey(signal: Signal): void {
    switch (signal.kind) {
      case 'adopt':
        this.parent = signal.parent
        return
      case 'terminated':
        return this.#terminated(signal.who)
      case 'child-ended':
        return this.#childEnded(signal.child, signal.error)
      default:
        return
    }
  }

  /** Tells the parent how this actor ended. */
  tellEnd(reason: EndReason, error: unknown): void {
    if (this.parent === undefined) return
    const failure = reason === 'failed' ? { error } : {}
    this.#cell.host.signal(this.parent, { kind: 'child-ended', child: this.#cell.id, ...failure })
  }

  /** Exactly once per watch, after everything that actor sent before (F6). */
  #terminated(who: string): void {
    if (this.unwatch(who)) this.#deliver(terminatedMessage, who, parseAddress(who))
  }

  #childEnded(child: string, error: unknown): void {
    const cell = this.#cell
    if (!(this.#children?.delete(child) ?? false)) return
    if (cell.phase === 'stopping') return cell.endIfAlone()
    if (error === undefined) return
    if (cell.definition.behavior.onChildFailed !== undefined) {
      return this.#deliver(childFailedMessage, child, { child: parseAddress(child), error })
    }
    cell.failed(
      undefined,
      new TroupeError('ACTOR_FAILED', `child ${child} failed for good`, { cause: error }),
    )
  }

  #deliver(name: string, from: string, payload: unknown): void {
    const { host, id } = this.#cell
    const envelope = new Envelope(
      id,
      from,
      name,
      payload,
      Lane.normal,
      host.origin,
      host.nextSeq(),
      0,
      0,
      { keep: true },
    )
    host.route(envelope)
  }
}
