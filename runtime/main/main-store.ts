/**
 * The main thread's connection to the store: the first client, with records of its own, and who hears
 * what the store says by itself.
 */
import type { Peer } from '../peer/peer.ts'
import { StoreConnection } from '../peer/store-connection.ts'
import type { FromStore, UpkeepFailure } from '../store/protocol.ts'
import type { StoreHome } from './store-home.ts'

/** The slot number under which the main thread's records are counted. */
export const mainStoreSlot = 1_000_000

/** Who hears how the store does. */
export interface StoreListener {
  storeState(stalled: boolean, error: unknown): void
  upkeep(failed: UpkeepFailure | undefined): void
}

export async function connectMain(
  peer: Peer,
  store: StoreHome,
  listener: StoreListener,
): Promise<StoreConnection> {
  let receive: (message: FromStore) => void = () => undefined
  const wire = await store.connect(mainStoreSlot, (message) => receive(message))
  const identity = { slot: mainStoreSlot, epoch: 0, position: 0 }
  const connection = new StoreConnection(peer, wire, identity, {
    arrived: (actors) => {
      for (const actor of actors) peer.arrivedInStore(actor)
    },
    state: (stalled, error) => listener.storeState(stalled, error),
    upkeep: (failed) => listener.upkeep(failed),
  })
  receive = (message) => connection.receive(message)
  const { client } = connection
  const beginning = await client.ask('beginEpoch', { slot: mainStoreSlot })
  peer.journal?.begin(beginning)
  // No timer fires before the store is told to start.
  connection.ticksFrom(beginning.position)
  return connection
}
