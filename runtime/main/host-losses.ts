/**
 * Settling the accounts of a dead host (F4, M4) and handing its work to those who live.
 *
 * Its counters froze with it. What its memory held and the store does not is lost, and counted; what
 * the store holds waits there and is delivered again in order.
 */
import { Count, type CountRow, countColumns } from '../../mailbox/accounting.ts'
import type { Counters } from '../peer/counters.ts'
import { type Peer, typeOf } from '../peer/peer.ts'
import type { StoreClient } from '../peer/store-client.ts'
import type { Uncredited } from '../wire/host-control.ts'
import type { LinkCounts } from '../wire/link-counts.ts'
import type { Placement } from '../wire/placement.ts'

/** Facts of one death. */
export interface HostDeath {
  readonly slot: number
  readonly epoch: number
  readonly counters: Counters
}

/** What its links carried, and what others know of it. */
export interface LinkLosses {
  /** Links from the dead host, and to it. */
  readonly from: readonly LinkCounts[]
  readonly to: readonly LinkCounts[]
  /** Received by it, buried by the senders as dead letters. */
  readonly uncredited: readonly Uncredited[]
}

/** Addresses of waiting actors read at once. */
const page = 1_000

export class HostLosses {
  readonly #peer: Peer
  readonly #counters: Counters
  readonly #store: StoreClient | undefined
  readonly #types: readonly string[]

  constructor(
    peer: Peer,
    counters: Counters,
    store: StoreClient | undefined,
    types: Iterable<string>,
  ) {
    this.#peer = peer
    this.#counters = counters
    this.#store = store
    this.#types = [...types]
  }

  /** Moves the dead host's figures into the main thread's rows, and wakes who missed its messages. */
  async settle(death: HostDeath, links: LinkLosses): Promise<void> {
    for (const type of this.#types) this.#settleType(type, death.counters.row(type))
    for (const counts of links.from) this.#settleLink(counts, true)
    for (const counts of links.to) this.#settleLink(counts, false)
    for (const uncredited of links.uncredited) {
      for (const [type, count] of Object.entries(uncredited)) this.#add(type, Count.lost, -count)
    }
    await this.#wakeReceivers(death)
  }

  /** Wakes every actor of a slot that has waiting messages, after its replacement is up. */
  async redeliver(slot: number, placement: Placement): Promise<void> {
    if (this.#store === undefined) return
    let after: number | undefined
    do {
      const list: { actors: readonly { actor: string; pending: number }[]; next?: number } =
        await this.#store.ask('wakeList', { after, limit: page })
      for (const { actor, pending } of list.actors) {
        if (pending > 0 && placement.slotOf(actor, typeOf(actor)) === slot) {
          this.#peer.signal(actor, { kind: 'wake' })
        }
      }
      after = list.next
    } while (after !== undefined)
  }

  #settleType(type: string, dead: CountRow): void {
    const held = at(dead, Count.pending) + at(dead, Count.running) + at(dead, Count.stashed)
    const memoryOnly = at(dead, Count.volatile)
    const moved = new Float64Array(countColumns)
    moved[Count.accepted] = at(dead, Count.accepted)
    moved[Count.processed] = at(dead, Count.processed)
    moved[Count.deadLettered] = at(dead, Count.deadLettered)
    moved[Count.lost] = at(dead, Count.lost) + memoryOnly
    moved[Count.inStore] = at(dead, Count.inStore) + held - memoryOnly
    const row = this.#counters.row(type)
    for (let i = 0; i < countColumns; i += 1) row[i] = at(row, i) + at(moved, i)
  }

  /** What a dead host sent and nobody received is lost; what was sent to it is a dead letter already. */
  #settleLink(counts: LinkCounts, fromDead: boolean): void {
    for (const { type, volatile, stored } of counts.inTransit()) {
      if (fromDead) this.#add(type, Count.lost, volatile)
      this.#add(type, Count.inStore, stored)
    }
  }

  /** Messages it committed and perhaps never released: their receivers look into the store (D1). */
  async #wakeReceivers({ slot, epoch }: HostDeath): Promise<void> {
    if (this.#store === undefined) return
    const messages = await this.#store.ask('unreleased', { slot, epoch })
    const receivers = new Set(
      messages.map((message) => ('to' in message ? message.to : message.actor)),
    )
    for (const actor of receivers)
      if (actor !== undefined) this.#peer.signal(actor, { kind: 'wake' })
  }

  #add(type: string, column: number, by: number): void {
    const row = this.#counters.row(type)
    row[column] = at(row, column) + by
  }
}

function at(row: Float64Array, column: number): number {
  return row[column] as number
}
