/** The actors that something waits for in the store, a page at a time: a backlog may be of any length. */
import type { WakeEntry, WakePage } from '../../persistence/store.ts'
import type { StoreClient } from './store-client.ts'

/** Addresses read at once. */
const pageSize = 1_000

export async function* wakePages(
  store: StoreClient,
  limit = pageSize,
): AsyncGenerator<readonly WakeEntry[]> {
  let after: number | undefined
  do {
    const page: WakePage = await store.ask('wakeList', { after, limit })
    yield page.actors
    after = page.next
  } while (after !== undefined)
}
