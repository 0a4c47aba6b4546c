/** What the hosts need from the rest of the main side, and tell it. */
import type { Clock } from '../../mailbox/clock.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import type { KilledActor } from '../../persistence/killed-files.ts'
import type { PeerLinks } from '../peer/peer-links.ts'
import type { Beginning } from '../store/protocol.ts'
import type { WardStart } from '../wire/host-control.ts'
import type { Blocked } from './blocked-hosts.ts'
import type { LinkLosses } from './host-losses.ts'
import type { HostMaker, HostThread } from './host-thread.ts'

export interface HostsSide extends HostMaker {
  readonly clock: Clock
  /** Links of the main thread itself. */
  readonly links: PeerLinks
  readonly faults: Faults | undefined
  /** Begins the next epoch of a slot. */
  beginEpoch(slot: number): Promise<Beginning>
  /** A host died, nobody is linked to it any more, and its rows are frozen. */
  lost(host: HostThread, error: unknown): void
  /** Settles its accounts; may be tried again when it fails. */
  settle(host: HostThread, links: LinkLosses): Promise<void>
  started(host: HostThread): void
  /** Whose suspects a new thread of the slot tries first (F3). */
  suspectsOf(slot: number): Promise<WardStart>
  /** What a new thread must not run. */
  killed(): readonly KilledActor[]
  /** A turn has held the slot's thread for a second (F5). */
  blocked(slot: number, turn: Blocked): void
  retired(slot: number): void
}
