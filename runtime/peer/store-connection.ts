/** Connects a peer to the store: its journal, and what the store says by itself. */
import type { Ack } from '../../persistence/store.ts'
import type { FromStore, ToStore, Wire } from '../store/protocol.ts'
import { JournalClient, type JournalIdentity } from './journal.ts'
import type { Peer } from './peer.ts'
import { StoreClient } from './store-client.ts'

export interface StoreConnection {
  readonly client: StoreClient
  readonly receive: (message: FromStore) => void
}

/**
 * @param arrived told of actors that have something new in the store; hosts leave that to main
 * @param state told when the store stalls and when it is back
 */
export function connectStore(
  peer: Peer,
  wire: Wire<ToStore>,
  identity: JournalIdentity,
  listen: {
    /** A committed frame's answer was taken in. */
    readonly acked?: (ack: Ack) => void
    readonly arrived?: (actors: readonly string[]) => void
    readonly state?: (stalled: boolean, error: unknown) => void
  } = {},
): StoreConnection {
  const client = new StoreClient(wire)
  const journal = new JournalClient(client, identity, () => peer.touched())
  peer.journal = journal
  client.listen({
    acked: (ack) => {
      journal.acked(ack)
      if (ack.status === 'committed') listen.acked?.(ack)
      // Whoever waits for quiet may have waited for this answer alone.
      if (journal.isIdle) peer.touched()
    },
    lost: (seq) => journal.lost(seq),
    arrived: (actors) => listen.arrived?.(actors),
    state: (stalled, error) => listen.state?.(stalled, error),
  })
  return { client, receive: (message) => client.receive(message) }
}
