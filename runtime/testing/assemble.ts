/**
 * Puts a test system together: as any system with `workers: 0`, on a virtual clock and a memory store.
 * Only time, chance and the disk are not real.
 */
import type { App } from '../../actors/app.ts'
import { openMemoryStore } from '../../persistence/memory-store.ts'
import type { StoreReader } from '../../persistence/store.ts'
import { type Booted, boot } from '../main/boot.ts'
import type { CheckedOptions } from '../main/options.ts'
import type { Reports } from '../main/reports.ts'
import { inlineHome } from '../main/store-home.ts'
import { openInlineStore } from '../store/inline-store.ts'
import { FailingMedium } from './failures.ts'
import type { Observed } from './observed.ts'
import { TestPeer } from './test-peer.ts'
import type { TestTime } from './test-time.ts'
import type { Work } from './work.ts'

/** A system's parts, and what only a test may touch. */
export interface Assembled {
  readonly booted: Booted
  readonly time: TestTime
  readonly observed: Observed
  readonly medium: FailingMedium
  /** The records, as replay reads them (R4). */
  readonly records: StoreReader
}

/** What a test brings. */
interface Brought {
  readonly app: App
  readonly options: CheckedOptions
  readonly time: TestTime
  readonly work: Work
  readonly reports: Reports
  readonly observed: Observed
}

export async function assemble(brought: Brought): Promise<Assembled> {
  const { app, options, time, work, reports, observed } = brought
  const { clock } = time
  const medium = new FailingMedium()
  const records = openMemoryStore({ now: () => clock.wall() }, medium)
  const soon = (run: () => void): void => work.soon(run)
  const booted = await boot(app, options, reports, {
    clock,
    // The longest pause of every back-off: a test that waits for it has waited long enough.
    jitter: () => 1,
    soon,
    makePeer: (parts) => new TestPeer(parts, observed, work.isScheduled ? soon : undefined),
    openStore: (order) =>
      Promise.resolve(inlineHome(openInlineStore(records, order.clock, soon).service)),
  })
  return { booted, time, observed, medium, records }
}
