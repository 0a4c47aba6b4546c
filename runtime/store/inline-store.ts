/**
 * A store service on the calling thread, for `workers: 0` and for tests: the same service, client
 * and protocol, with function calls for wires.
 */
import type { Clock } from '../../mailbox/clock.ts'
import type { Store } from '../../persistence/store.ts'
import type { FromStore } from './protocol.ts'
import { type ServiceOptions, StoreService } from './store-service.ts'

export interface InlineStore {
  readonly service: StoreService
  /** Connects one client; its messages go in by the returned function. */
  connect(slot: number, receive: (message: FromStore) => void): ReturnType<StoreService['connect']>
}

export function openInlineStore(
  store: Store,
  clock: Clock,
  soon: (run: () => void) => void,
  options?: ServiceOptions,
): InlineStore {
  const service = new StoreService(store, clock, soon, options)
  return {
    service,
    connect: (slot, receive) => service.connect(slot, { post: (message) => receive(message) }),
  }
}
