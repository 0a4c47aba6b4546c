/**
 * Runs the archivist on the store's orders, wherever it lives: on a thread of its own, or inline.
 */
import { emptyBook } from '../../actors/cell/book.ts'
import { encodeError } from '../../actors/cell/error-data.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import { Archivist } from '../../persistence/archivist.ts'
import type { ReadMedium } from '../../persistence/medium.ts'
import type { RetentionPolicy } from '../../persistence/retention.ts'
import { StoreClient } from '../peer/store-client.ts'
import type { FromStore, ToStore, UpkeepFailure, Wire } from './protocol.ts'

/** What leaves the history, and where it goes. */
export interface Retention extends RetentionPolicy {
  /** Folder of the archive; without one, what leaves is gone. */
  readonly archive?: string | undefined
}

/** @returns where the store's messages go in */
export function runArchive(
  medium: ReadMedium,
  wire: Wire<ToStore>,
  retention?: Retention,
  faults?: Faults,
): (message: FromStore) => void {
  const client = new StoreClient(wire)
  const archivist = new Archivist(
    medium,
    {
      writeSnapshots: async (all) => {
        await client.ask('writeSnapshots', { all })
      },
      writeCheckpoint: async (chunk) => {
        await client.ask('writeCheckpoint', { chunk })
      },
      dropSegments: async (positions, floor) => {
        await client.ask('dropSegments', { positions, floor })
      },
    },
    { emptyMeta: emptyBook, faults },
  )
  let at: UpkeepFailure['work'] = 'snapshots'
  const work = async (checkpoint: boolean): Promise<void> => {
    at = 'snapshots'
    archivist.catchUp()
    await archivist.writeSnapshots()
    if (!checkpoint) return
    at = 'checkpoint'
    await archivist.writeCheckpoint()
    at = 'retention'
    if (retention !== undefined) await archivist.retire(retention, Date.now(), retention.archive)
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
        (error) => client.archived({ work: at, error: encodeError(error) }),
      )
    },
  })
  return (message) => client.receive(message)
}
