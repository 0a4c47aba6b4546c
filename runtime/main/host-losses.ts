/**
 * Settling the accounts of a dead host (F4, M4) and handing its work to those who live.
 *
 * Its counters froze with it, perhaps in the middle of a step. What it moved between its own columns
 * does not matter any more, only what went in and what came out:
 *
 *   memory:  accepted + received = processed + dead letters + sent + handed to the store + lost
 *   store:   accepted + received + handed = processed + dead letters + sent + waiting in the store
 *
 * Of the second line it knew only what the store had answered; the store's own word replaces it. The
 * last term of each line is what is left, so nothing is counted twice and nothing is forgotten.
 */
import { Count, takenColumn } from '../../mailbox/accounting.ts'
import { Lane } from '../../mailbox/lane.ts'
import type { Counters } from '../peer/counters.ts'
import type { Peer } from '../peer/peer.ts'
import type { StoreClient } from '../peer/store-client.ts'
import type { Tally, TallyRow } from '../store/tally.ts'
import type { Carried } from '../wire/link-counts.ts'

/** Facts of one death. */
export interface HostDeath {
  readonly slot: number
  readonly epoch: number
  readonly counters: Counters
}

/** Messages of one type that a thread received, minus those that others received of it. */
export type Flow = Carried

/** What its links carried, per type. */
export interface LinkLosses {
  readonly flow: (type: string) => Flow
  /** Stored messages that were on their way to it: they wait in the store. */
  readonly inStore: (type: string) => number
}

const nothing: TallyRow = { sent: 0, accepted: 0, handed: 0, processed: 0, dead: 0 }

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

  /**
   * Moves the dead host's figures into the main thread's rows, and wakes who missed its messages.
   * What can fail comes first: a settlement that failed moved nothing, and can be done again.
   */
  async settle(death: HostDeath, links: LinkLosses): Promise<void> {
    const [tally, receivers] = [await this.#tally(death), await this.#receivers(death)]
    for (const type of this.#types) {
      this.#settleType(type, death, tally[type] ?? nothing, links.flow(type))
      this.#add(type, Count.inStore, links.inStore(type))
    }
    for (const actor of receivers) this.#peer.signal(actor, { kind: 'wake' })
  }

  /** What it committed without hearing of it. */
  async #tally({ slot, epoch, counters }: HostDeath): Promise<Tally> {
    const { seq, position } = counters.vouched
    return (await this.#store?.ask('tally', { slot, epoch, since: { seq, position } })) ?? {}
  }

  #settleType(type: string, { counters }: HostDeath, unheard: TallyRow, flow: Flow): void {
    const dead = counters.row(type)
    const [accepted = 0, processed = 0, parked = 0, handed = 0] = counters.vouched.columns(type)
    const store = {
      accepted: accepted + unheard.accepted,
      processed: processed + unheard.processed,
      dead: parked + unheard.dead,
      handed: handed + unheard.handed,
    }
    // What a commit said to volatile actors leaves with its answer, which nobody took in.
    const said = at(dead, Count.accepted) + unheard.sent
    const done = at(dead, Count.processed) + at(dead, Count.deadLettered) + store.handed
    const kept = store.accepted + store.handed - store.processed - store.dead
    this.#add(type, Count.accepted, said)
    this.#add(type, Count.processed, at(dead, Count.processed))
    this.#add(type, Count.deadLettered, at(dead, Count.deadLettered))
    for (let lane: number = Lane.control; lane <= Lane.low; lane += 1) {
      this.#add(type, takenColumn(lane), at(dead, takenColumn(lane)))
    }
    this.#add(type, Count.lost, said + flow.volatile - done)
    this.#add(type, Count.storeAccepted, store.accepted)
    this.#add(type, Count.storeProcessed, store.processed)
    this.#add(type, Count.storeDead, store.dead)
    this.#add(type, Count.inStore, kept + flow.stored)
  }

  /** Of messages that it committed and perhaps never released: they look into the store (D1). */
  async #receivers({ slot, epoch }: HostDeath): Promise<ReadonlySet<string>> {
    const receivers = new Set<string>()
    const messages = (await this.#store?.ask('unreleased', { slot, epoch })) ?? []
    for (const message of messages) {
      const to = 'to' in message ? message.to : message.actor
      if (to !== undefined) receivers.add(to)
    }
    return receivers
  }

  #add(type: string, column: number, by: number): void {
    const row = this.#counters.row(type)
    row[column] = at(row, column) + by
  }
}

function at(row: Float64Array, column: number): number {
  return row[column] as number
}
