/**
 * The store's meaning in arrays and maps, slow and obvious: what the real ones are compared with.
 */
import type { MessageRef } from '../../persistence/record.ts'
import type { RefusalReason } from '../../persistence/store.ts'
import { matchesTopic } from '../../persistence/topic.ts'
import { PartFlag, RecordFlag, RecordKind } from './frames.ts'

export interface NaiveMessage {
  readonly to: string
  readonly payload: string
  readonly flags: number
  readonly ownId?: string
}

export interface NaiveRecord {
  readonly kind: number
  readonly actor: string
  readonly turn: number
  readonly message: MessageRef
  readonly flags: number
  readonly patch: string
  readonly inline?: string
  readonly messages: readonly NaiveMessage[]
  readonly set?: { readonly id: string; readonly due: number }
  readonly fired?: {
    readonly actor: string
    readonly id: string
    readonly due: number
    readonly next: number
  }
  readonly subscribe?: string
  readonly unsubscribe?: string
}

interface Waiting {
  readonly ref: MessageRef
  readonly payload: string
  readonly ownId: string | undefined
}

export interface NaiveActor {
  turn: number
  changes: string[]
  pending: Waiting[]
  stash: Waiting[]
  timers: Map<string, number>
  patterns: Set<string>
  steps: { ref: MessageRef; position: number; done: boolean }[]
}

const consuming: readonly number[] = [RecordKind.turn, RecordKind.parked, RecordKind.destroyed]
const naming: readonly number[] = [...consuming, RecordKind.stepBegun, RecordKind.stepDone]

export class NaiveStore {
  position = 0
  readonly actors = new Map<string, NaiveActor>()
  /** By receiver and own id: pending or done. */
  readonly ownIds = new Map<string, 'pending' | 'done'>()
  readonly undone = new Set<string>()

  actor(name: string): NaiveActor {
    const fresh = (): NaiveActor => ({
      turn: 0,
      changes: [],
      pending: [],
      stash: [],
      timers: new Map(),
      patterns: new Set(),
      steps: [],
    })
    const found = this.actors.get(name) ?? fresh()
    this.actors.set(name, found)
    return found
  }

  /** Commits one record, or says why not. */
  commit(record: NaiveRecord): RefusalReason | undefined {
    if (record.flags & RecordFlag.rebased) this.undone.delete(record.actor)
    const reason = this.#refusal(record)
    if (reason === undefined) this.#apply(record)
    else if (record.actor !== '') this.undone.add(record.actor)
    return reason
  }

  #refusal(record: NaiveRecord): RefusalReason | undefined {
    if (this.undone.has(record.actor)) return 'after-refused'
    const actor = this.actor(record.actor)
    if (record.kind === RecordKind.turn && record.turn !== actor.turn + 1) return 'turn-mismatch'
    if (naming.includes(record.kind) && record.message.position !== 0) {
      const comes = record.message.position < 0 && record.inline !== undefined
      if (!comes && this.#find(actor, record.message) === undefined) return 'not-pending'
    }
    const { fired } = record
    if (fired && this.actor(fired.actor).timers.get(fired.id) !== fired.due) return 'timer-not-due'
    const accepts = record.kind === RecordKind.accept
    const known = (m: NaiveMessage) => m.ownId !== undefined && this.ownIds.has(key(m))
    return accepts && record.messages.some(known) ? 'duplicate' : undefined
  }

  #apply(record: NaiveRecord): void {
    this.position += 1
    if (record.actor !== '') this.#applyToActor(record, this.actor(record.actor))
    record.messages.forEach((message, index) => {
      this.#accept(message, { position: this.position, index })
    })
    this.#timers(record)
    const actor = this.actor(record.actor)
    if (record.subscribe) actor.patterns.add(record.subscribe)
    if (record.unsubscribe) actor.patterns.delete(record.unsubscribe)
  }

  #timers({ fired, set, actor }: NaiveRecord): void {
    if (fired?.next === 0) this.actor(fired.actor).timers.delete(fired.id)
    else if (fired) this.actor(fired.actor).timers.set(fired.id, fired.next)
    if (set) this.actor(actor).timers.set(set.id, set.due)
  }

  #applyToActor(record: NaiveRecord, actor: NaiveActor): void {
    if (record.kind === RecordKind.turn) {
      actor.turn = record.turn
      actor.changes.push(record.patch)
    }
    if (record.flags & RecordFlag.unstash) {
      actor.pending = [...actor.pending, ...actor.stash].sort(byHome(this.homes))
      actor.stash = []
    }
    if (record.message.position !== 0 && naming.includes(record.kind)) this.#message(record, actor)
    if (record.kind === RecordKind.destroyed) {
      actor.changes = []
      actor.timers.clear()
      actor.patterns.clear()
    }
  }

  /** Order of acceptance, of each waiting message. */
  readonly homes = new Map<string, number>()

  #message(record: NaiveRecord, actor: NaiveActor): void {
    const { message: ref } = record
    const stashes = (record.flags & RecordFlag.stash) !== 0 && record.kind === RecordKind.turn
    if (consuming.includes(record.kind) && !(record.flags & RecordFlag.stash)) {
      const ownId = this.#find(actor, ref)?.ownId
      if (ownId !== undefined) this.ownIds.set(ownId, 'done')
      this.#remove(actor, ref)
      actor.steps = actor.steps.filter((step) => !same(step.ref, ref))
      return
    }
    if (this.#find(actor, ref) === undefined) {
      actor.pending.push({ ref, payload: record.inline ?? '', ownId: undefined })
      this.homes.set(name(ref), this.position)
      actor.pending.sort(byHome(this.homes))
    }
    if (stashes) {
      const waiting = this.#find(actor, ref) as Waiting
      this.#remove(actor, ref)
      actor.stash.push(waiting)
    } else if (record.kind === RecordKind.stepBegun || record.kind === RecordKind.stepDone) {
      const done = record.kind === RecordKind.stepDone
      actor.steps.push({ ref, position: this.position, done })
    }
  }

  #accept(message: NaiveMessage, ref: MessageRef): void {
    if (message.ownId !== undefined) {
      if (this.ownIds.has(key(message))) return
      this.ownIds.set(key(message), message.flags & PartFlag.topic ? 'done' : 'pending')
    }
    this.homes.set(name(ref), ref.position)
    const ownId = message.ownId === undefined ? undefined : key(message)
    for (const [address, actor] of this.#receivers(message)) {
      void address
      actor.pending.push({ ref, payload: message.payload, ownId })
    }
  }

  #receivers(message: NaiveMessage): [string, NaiveActor][] {
    if (!(message.flags & PartFlag.topic)) return [[message.to, this.actor(message.to)]]
    return [...this.actors].filter(([, actor]) =>
      [...actor.patterns].some((pattern) => matchesTopic(pattern, message.to)),
    )
  }

  #find(actor: NaiveActor, ref: MessageRef): Waiting | undefined {
    return [...actor.pending, ...actor.stash].find((waiting) => same(waiting.ref, ref))
  }

  #remove(actor: NaiveActor, ref: MessageRef): void {
    actor.pending = actor.pending.filter((waiting) => !same(waiting.ref, ref))
    actor.stash = actor.stash.filter((waiting) => !same(waiting.ref, ref))
  }
}

function key({ to, flags, ownId }: NaiveMessage): string {
  return `${flags & PartFlag.topic ? '' : to} ${ownId}`
}

function same(a: MessageRef, b: MessageRef): boolean {
  return a.position === b.position && a.index === b.index
}

function name({ position, index }: MessageRef): string {
  return `${position}.${index}`
}

function byHome(homes: Map<string, number>): (a: Waiting, b: Waiting) => number {
  // One that was in hand before it was in the store stands before all that waits.
  const order = ({ ref }: Waiting): number =>
    (homes.get(name(ref)) ?? 0) - (ref.position < 0 ? Number.MAX_SAFE_INTEGER : 0)
  const ordinal = ({ ref }: Waiting): number => (ref.position < 0 ? -1 : ref.index)
  return (a, b) => order(a) - order(b) || ordinal(a) - ordinal(b)
}
