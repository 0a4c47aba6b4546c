/**
 * Who an actor is bound to: the parent that stops it, the children it stops, the actors it watches
 * (F6). Who watches *it* is kept by the host, since watchers outlive a passivated actor.
 *
 * What happens to them reaches a hook as a message in the mailbox: in order, one handler at a time
 * (T1), and with the same failure path as any other message.
 */

import { type Address, formatAddress, parseAddress } from '../../mailbox/address.ts'
import { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { Lane } from '../../mailbox/lane.ts'
import type { ActorDefinition } from '../actor.ts'
import type { Context } from '../context.ts'
import type { CellHost } from './ports.ts'
import type { EndReason, Signal } from './signal.ts'

/** Names of the messages that the runtime itself puts into a mailbox. */
export const terminatedMessage = '$terminated'
const childFailedMessage = '$childFailed'

interface ChildFailure {
  readonly child: Address
  readonly error: unknown
}

/** The hook for a message of the runtime's own, shaped like a message handler. */
export function hookOf(
  { behavior }: ActorDefinition,
  name: string,
): ((ctx: unknown, payload: unknown) => unknown) | undefined {
  switch (name) {
    case terminatedMessage:
      return (ctx, who) => {
        const context = ctx as Context
        context.unwatch(who as Address)
        return behavior.onTerminated?.(context, who as Address)
      }
    case childFailedMessage:
      return (ctx, payload) => {
        const { child, error } = payload as ChildFailure
        if (behavior.onChildFailed === undefined) throw escalated(child, error)
        return behavior.onChildFailed(ctx as Context, child, error)
      }
    default:
      return undefined
  }
}

/** Without a hook a child's failure is its parent's own (F1). */
export function escalated(child: Address, cause: unknown): TroupeError {
  const id = formatAddress(child)
  return new TroupeError('ACTOR_FAILED', `child ${id} failed for good`, {
    cause,
    fields: { child: id },
  })
}

/** The actor whose bonds these are. */
interface Bound {
  readonly id: string
  readonly host: CellHost
  readonly phase: string
  stand(): void
  endIfAlone(): void
}

export class Family {
  parent: string | undefined
  readonly #cell: Bound
  #children: Set<string> | undefined
  /**
   * With the position of the commit that said so: a stored termination from before is not the answer to
   * it. Infinite until that commit, 0 when it is not known or there is none.
   */
  #watching: Map<string, number> | undefined

  constructor(cell: Bound) {
    this.#cell = cell
  }

  /** Living children. */
  get size(): number {
    return this.#children?.size ?? 0
  }

  get children(): Iterable<string> {
    return this.#children ?? []
  }

  get isWatching(): boolean {
    return (this.#watching?.size ?? 0) > 0
  }

  get watching(): Iterable<string> {
    return this.#watching?.keys() ?? []
  }

  hasChild(id: string): boolean {
    return this.#children?.has(id) ?? false
  }

  /** What a durable actor's book says. */
  become(parent: string | undefined, children: string[], watching: string[]): void {
    this.parent = parent
    this.#children = children.length === 0 ? undefined : new Set(children)
    this.#watching = watching.length === 0 ? undefined : new Map(watching.map((id) => [id, 0]))
  }

  addChild(id: string): void {
    this.#children ??= new Set()
    this.#children.add(id)
  }

  /** @param since position of the commit from which on it counts */
  watch(id: string, since = 0): void {
    this.#watching ??= new Map()
    if (!this.#watching.has(id)) this.#watching.set(id, since)
  }

  /** The commit that said so. */
  watchCommitted(id: string, position: number): void {
    if (this.#watching?.get(id) === Number.POSITIVE_INFINITY) this.#watching.set(id, position)
  }

  unwatch(id: string): boolean {
    return this.#watching?.delete(id) ?? false
  }

  stopChildren(): void {
    for (const child of this.children) {
      this.#cell.host.signal(child, { kind: 'stop', reason: 'stopped', by: this.#cell.id })
    }
  }

  /** For a restart with fresh state: children are told to stop, watches are over. */
  reset(): void {
    this.stopChildren()
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
        return this.#terminated(signal)
      case 'child-ended':
        return this.#childEnded(signal)
      default:
        return
    }
  }

  /** Tells the parent how this actor ended. */
  tellEnd(reason: EndReason, error: unknown): void {
    if (this.parent === undefined) return
    const { host, id: child } = this.#cell
    const failure = reason === 'failed' ? { error: error ?? 'unknown' } : {}
    host.signal(this.parent, { kind: 'child-ended', child, heard: host.heard, ...failure })
  }

  /**
   * False for a termination that this actor does not wait for: it was told before, has ended the watch,
   * or began it after that end. So each watch is told once (F6).
   */
  awaits(envelope: Envelope): boolean {
    if (envelope.name !== terminatedMessage) return true
    const since = this.#watching?.get(envelope.from)
    return since !== undefined && (!envelope.stored || envelope.position >= since)
  }

  /** After everything that actor sent before in the normal lane (F6). */
  #terminated({ who, heard }: Signal & { readonly kind: 'terminated' }): void {
    if (!this.#watching?.has(who)) return
    this.#deliver(terminatedMessage, who, parseAddress(who), heard)
  }

  #childEnded({ child, error, heard }: Signal & { readonly kind: 'child-ended' }): void {
    const cell = this.#cell
    if (!(this.#children?.delete(child) ?? false)) return
    if (cell.phase === 'stopping') return cell.endIfAlone()
    if (cell.phase === 'backoff') return cell.stand()
    if (error === undefined) return
    this.#deliver(childFailedMessage, child, { child: parseAddress(child), error }, heard)
  }

  /** Nothing known of its thread: behind all that the store has of it. */
  #deliver(name: string, from: string, payload: unknown, heard = Number.POSITIVE_INFINITY): void {
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
    envelope.heard = heard
    host.route(envelope)
  }
}
