/**
 * Runs the archivist on the store's orders, wherever it lives: on a thread of its own, or inline.
 */
import { emptyBook } from '../../actors/cell/book.ts'
import { Archivist } from '../../persistence/archivist.ts'
import type { ReadMedium } from '../../persistence/medium.ts'
import { StoreClient } from '../peer/store-client.ts'
import type { FromStore, ToStore, Wire } from './protocol.ts'

/** @returns where the store's messages go in */
export function runArchive(medium: ReadMedium, wire: Wire<ToStore>): (message: FromStore) => void {
  const client = new StoreClient(wire)
  const archivist = new Archivist(
    medium,
    {
      writeSnapshot: async (snapshot, bytes) => {
        await client.ask('writeSnapshot', { snapshot, bytes })
      },
      writeCheckpoint: async (chunk) => {
        await client.ask('writeCheckpoint', { chunk })
      },
    },
    { emptyMeta: emptyBook },
  )
  const work = async (checkpoint: boolean): Promise<void> => {
    archivist.catchUp()
    await archivist.writeSnapshots()
    if (checkpoint) await archivist.writeCheckpoint()
  }
  client.listen({
    acked: () => undefined,
    lost: () => undefined,
    arrived: () => undefined,
    state: () => undefined,
    archive: (checkpoint) => {
      // A failed order is repeated by the next one: what is due stays due.
      work(checkpoint).then(
        () => client.archived(),
        () => client.archived(),
      )
    },
  })
  return (message) => client.receive(message)
}
