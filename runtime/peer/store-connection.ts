/** A peer's connection to the store: its journal, its waker, and what the store says by itself. */
import type { Ack } from '../../persistence/store.ts'
import type { FromStore, ToStore, UpkeepFailure, Wire } from '../store/protocol.ts'
import type { FrameEnd } from '../store/tally.ts'
import { JournalClient, type JournalIdentity } from './journal.ts'
import type { Peer } from './peer.ts'
import { StoreClient } from './store-client.ts'
import { Waker } from './waker.ts'

/** What a connection tells its thread. */
export interface StoreEvents {
  /** A committed frame's answer was taken in: its number, and the position of its last record. */
  readonly vouched?: (seq: number, position: number) => void
  /** Actors that have something new in the store; hosts leave that to main. */
  readonly arrived?: (actors: readonly string[]) => void
  /** The store stalls, or is back. */
  readonly state?: (stalled: boolean, error: unknown) => void
  /** Snapshots, checkpoints or retention fail, or do so no more. */
  readonly upkeep?: (failed: UpkeepFailure | undefined) => void
}

export class StoreConnection {
  readonly client: StoreClient
  readonly #peer: Peer
  readonly #journal: JournalClient
  readonly #events: StoreEvents
  /** The last frame whose answer was taken in. */
  #last: FrameEnd = { seq: 0, position: 0 }
  /** The last record that told of a tick. */
  #ticksUntil = 0

  constructor(
    peer: Peer,
    wire: Wire<ToStore>,
    identity: JournalIdentity,
    events: StoreEvents = {},
  ) {
    this.#peer = peer
    this.#events = events
    this.client = new StoreClient(wire)
    this.#journal = new JournalClient(this.client, identity, peer)
    peer.journal = this.#journal
    peer.waker = new Waker(this.client, peer)
    this.client.listen({
      acked: (ack) => this.#acked(ack),
      lost: (seq) => this.#journal.lost(seq),
      arrived: (actors, position) => this.#arrived(actors, position),
      state: (stalled, error) => events.state?.(stalled, error),
      upkeep: (failed) => events.upkeep?.(failed),
    })
  }

  receive(message: FromStore): void {
    // What other threads said before the store had what it shows here goes first (T2).
    if (message.kind === 'answer') this.#peer.takeIn()
    this.client.receive(message)
  }

  /** Ticks up to a position are known: `arrived` tells of the later ones, also over a {@link rejoin}. */
  ticksFrom(position: number): void {
    this.#ticksUntil = position
  }

  /**
   * The store's thread was replaced and the wire leads to the new one: takes in what the old one
   * committed without saying so, undoes the rest, and goes on. Resolves to the new epoch.
   */
  async rejoin(): Promise<number> {
    const { client } = this
    client.again()
    const { slot, epoch } = this.#journal.identity
    const { epoch: next } = await client.ask('beginEpoch', { slot })
    const unheard = await client.ask('answers', { slot, epoch, since: this.#last })
    for (const ack of unheard) this.#acked(ack)
    this.#journal.rejoined(next)
    this.#vouch(0, this.#last.position)
    await this.#missedTicks()
    // What the old thread accepted and did not say.
    this.#peer.waker?.begin()
    this.#peer.touched()
    return next
  }

  async #missedTicks(): Promise<void> {
    if (this.#events.arrived === undefined) return
    const { actors, position } = await this.client.ask('ticked', { since: this.#ticksUntil })
    this.#arrived(actors, position)
  }

  #arrived(actors: readonly string[], position: number): void {
    this.#ticksUntil = position
    this.#events.arrived?.(actors)
  }

  #acked(ack: Ack): void {
    const journal = this.#journal
    journal.acked(ack)
    if (ack.status === 'committed' && ack.epoch === journal.identity.epoch) {
      this.#vouch(ack.seq, ack.base + ack.count - 1)
    }
  }

  #vouch(seq: number, position: number): void {
    this.#last = { seq, position }
    this.#events.vouched?.(seq, position)
  }
}
