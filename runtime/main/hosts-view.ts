/** What statistics need to know of the hosts. */
import type { Counters } from '../peer/counters.ts'

export interface HostsView {
  /** Counters of living hosts. */
  counters(): readonly Counters[]
  /** Messages on links, per actor type. */
  inTransit(): ReadonlyMap<string, number>
}
