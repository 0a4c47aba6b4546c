/** What a system wants to hear of its threads and its store. */
import type { FlightEntry } from '../peer/flight-recorder.ts'
import type { PeerSink } from '../peer/peer-options.ts'
import type { Metering } from '../telemetry/metrics/metering.ts'
import type { Report } from '../wire/host-control.ts'
import type { Blocked } from './blocked-hosts.ts'
import type { StoreListener } from './main-store.ts'
import type { MissingType } from './orphans.ts'

export interface BootListener extends StoreListener {
  /** Where threads count; absent without metrics. */
  readonly metering: Metering | undefined
  /** For the main thread's own peer. */
  readonly sink: PeerSink
  reported(slot: number, report: Report): void
  hostLost(slot: number, error: unknown, flight: readonly FlightEntry[]): void
  hostStarted(slot: number): void
  hostBlocked(slot: number, turn: Blocked): void
  hostRetired(slot: number): void
  typesMissing(types: readonly MissingType[]): void
}
