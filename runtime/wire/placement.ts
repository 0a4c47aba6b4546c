/**
 * Where an address lives: its slot, by hash, or the slot its definition asks for. Every thread
 * computes the same answer from the same table, so nobody is asked.
 *
 * A slot that was given up (ten deaths in 60 s, F4) keeps its number; its addresses rehash over the
 * others, and only they move.
 */
import type { ActorDefinition } from '../../actors/actor.ts'
import { hashAddress, typeOf } from '../../mailbox/address.ts'
import { Memo } from '../../mailbox/memo.ts'

/** The calling thread, when it runs actors itself (`workers: 0`) or only sends. */
export const mainSlot = -1

export interface PlacementPlan {
  /** Slots that share all unpinned actors; 0 means the main thread runs them. */
  readonly shared: number
  /** Slots of pinned and isolated types, after the shared ones: type → slot. */
  readonly pinned: ReadonlyMap<string, number>
}

/** Decides how many slots an app needs; the same for the same app and worker count. */
export function planPlacement(actors: Iterable<ActorDefinition>, workers: number): PlacementPlan {
  const pinned = new Map<string, number>()
  if (workers === 0) return { shared: 0, pinned }
  const byPin = new Map<string, number>()
  let next = workers
  for (const { contract, behavior } of actors) {
    const pin = behavior.isolate
      ? `isolate ${contract.type}`
      : behavior.pin && `pin ${behavior.pin}`
    if (!pin) continue
    if (!byPin.has(pin)) byPin.set(pin, next++)
    pinned.set(contract.type, byPin.get(pin) as number)
  }
  return { shared: workers, pinned }
}

/** Slots in a plan. */
export function slotCount(plan: PlacementPlan): number {
  return Math.max(plan.shared, 1 + Math.max(-1, ...plan.pinned.values()))
}

export class Placement {
  readonly #plan: PlacementPlan
  readonly #retired = new Set<number>()
  #living: number[]
  readonly #slots = new Memo((id) => this.#find(id))

  constructor(plan: PlacementPlan) {
    this.#plan = plan
    this.#living = Array.from({ length: plan.shared }, (_, slot) => slot)
  }

  /** The slot of `type/key`; {@link mainSlot} when the main thread runs actors. */
  slotOf(id: string): number {
    return this.#slots.of(id) as number
  }

  #find(id: string): number {
    if (this.#plan.shared === 0) return mainSlot
    const pinned = this.#plan.pinned.get(typeOf(id))
    if (pinned !== undefined) return pinned
    const hash = hashAddress(id)
    const slot = hash % this.#plan.shared
    if (this.#living.includes(slot) || this.#living.length === 0) return slot
    return this.#living[Math.floor(hash / this.#plan.shared) % this.#living.length] as number
  }

  /** Slots that were given up. */
  get retired(): readonly number[] {
    return [...this.#retired]
  }

  isRetired(slot: number): boolean {
    return this.#retired.has(slot)
  }

  retire(slot: number): void {
    this.#retired.add(slot)
    this.#living = this.#living.filter((other) => other !== slot)
    this.#slots.clear()
  }
}
