/** Connects a peer to the store: its journal, and what the store says by itself. */
import type { Ack } from '../../persistence/store.ts'
import type { FromStore, ToStore, UpkeepFailure, Wire } from '../store/protocol.ts'
import type { FrameEnd } from '../store/tally.ts'
import { JournalClient, type JournalIdentity } from './journal.ts'
import type { Peer } from './peer.ts'
import { StoreClient } from './store-client.ts'
import { Waker } from './waker.ts'

export interface StoreConnection {
  readonly client: StoreClient
  readonly receive: (message: FromStore) => void
  /** Ticks up to a position are known: `arrived` tells of the later ones, also over a {@link rejoin}. */
  ticksFrom(position: number): void
  /**
   * The store's thread was replaced and the wire leads to the new one: takes in what the old one
   * committed without saying so, undoes the rest, and goes on. Resolves to the new epoch.
   */
  rejoin(): Promise<number>
}

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

export function connectStore(
  peer: Peer,
  wire: Wire<ToStore>,
  identity: JournalIdentity,
  events: StoreEvents = {},
): StoreConnection {
  const client = new StoreClient(wire)
  const journal = new JournalClient(client, identity, peer)
  let last: FrameEnd = { seq: 0, position: 0 }
  const vouch = (seq: number, position: number): void => {
    last = { seq, position }
    events.vouched?.(seq, position)
  }
  const acked = (ack: Ack): void => {
    journal.acked(ack)
    if (ack.status === 'committed' && ack.epoch === journal.identity.epoch) {
      vouch(ack.seq, ack.base + ack.count - 1)
    }
    // Whoever waits for quiet may have waited for this answer alone.
    if (journal.isIdle) peer.touched()
  }
  /** The last record that told of a tick. */
  let ticksUntil = 0
  peer.journal = journal
  peer.waker = new Waker(client, peer)
  client.listen({
    acked,
    lost: (seq) => journal.lost(seq),
    arrived: (actors, position) => {
      ticksUntil = position
      events.arrived?.(actors)
    },
    state: (stalled, error) => events.state?.(stalled, error),
    upkeep: (failed) => events.upkeep?.(failed),
  })
  return {
    client,
    receive: (message) => {
      // What other threads said before the store had what it shows here goes first (T2).
      if (message.kind === 'answer') peer.takeIn()
      client.receive(message)
    },
    ticksFrom: (position) => {
      ticksUntil = position
    },
    async rejoin() {
      client.again()
      const { slot, epoch } = journal.identity
      const { epoch: next } = await client.ask('beginEpoch', { slot })
      for (const ack of await client.ask('answers', { slot, epoch, since: last })) acked(ack)
      journal.rejoined(next)
      vouch(0, last.position)
      if (events.arrived !== undefined) {
        const { actors, position } = await client.ask('ticked', { since: ticksUntil })
        ticksUntil = position
        events.arrived(actors)
      }
      // What the old thread accepted and did not say.
      peer.waker?.begin()
      peer.touched()
      return next
    },
  }
}
