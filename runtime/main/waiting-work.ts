/** What an earlier process left in the store to do, as far as a start must know of it before it runs. */
import { Count } from '../../mailbox/accounting.ts'
import { hashAddress, typeOf } from '../../mailbox/address.ts'
import type { Counters } from '../peer/counters.ts'
import type { StoreClient } from '../peer/store-client.ts'
import { wakePages } from '../peer/wake-pages.ts'
import type { WardStart } from '../wire/host-control.ts'
import type { Placement } from '../wire/placement.ts'
import type { Quarantine } from './quarantine.ts'

/**
 * What waits in the store counts as accepted again (M4).
 * @returns the hashes of the addresses
 */
export async function countWaiting(
  client: StoreClient,
  counters: Counters,
  isKnown: (type: string) => boolean,
): Promise<ReadonlySet<number>> {
  const waiting = new Set<number>()
  for await (const page of wakePages(client)) {
    for (const { actor, pending } of page) {
      if (pending === 0 || !isKnown(typeOf(actor))) continue
      waiting.add(hashAddress(actor))
      const row = counters.row(typeOf(actor))
      row[Count.storeAccepted] = (row[Count.storeAccepted] as number) + pending
      row[Count.inStore] = (row[Count.inStore] as number) + pending
    }
  }
  return waiting
}

/** The suspects, and a slot's actors with waiting messages that have one, or the hash of one that has (F3). */
export async function wardOf(
  slot: number,
  quarantine: Quarantine,
  client: StoreClient | undefined,
  placement: Placement,
): Promise<WardStart> {
  const { suspects } = quarantine
  if (client === undefined || suspects.length === 0) return { suspects, actors: [] }
  const actors: string[] = []
  for await (const page of wakePages(client)) {
    for (const { actor, pending } of page) {
      const isHere = placement.slotOf(actor) === slot
      if (pending > 0 && isHere && quarantine.isSuspect(actor)) actors.push(actor)
    }
  }
  return { suspects, actors }
}
