/** Whether a system makes progress, and what holds it up. */
import type { StoreStats } from '../../persistence/store.ts'
import type { UpkeepFailure } from '../store/protocol.ts'
import type { TraceHealth } from '../telemetry/traces/traces.ts'
import type { BackupHealth } from './backups.ts'
import type { Blocked } from './blocked-hosts.ts'
import type { Booted } from './boot.ts'
import type { HostState } from './hosts.ts'
import type { MissingType } from './orphans.ts'
import { soon } from './soon.ts'

/** What `system.health()` answers. */
export interface Health {
  /** `ok`, or the most serious thing that is wrong. */
  readonly status:
    | 'ok'
    | 'store-stalled'
    | 'hosts-missing'
    | 'hosts-blocked'
    | 'types-missing'
    | 'upkeep-failing'
    | 'closing'
  /** Wall time in ms since when the store fails. */
  readonly stalledSince: number | undefined
  readonly hosts: readonly HostHealth[]
  /** Age in ms of the oldest message waiting on the calling thread (with `workers: 0`, of all). */
  readonly oldestWaiting: number | undefined
  /** Age in ms of the oldest message that the store holds and nobody has processed yet. */
  readonly oldestStored: number | undefined
  readonly store: StoreStats | undefined
  readonly backup: BackupHealth
  /** Types that the store has work for and the app does not know: it waits (D9). */
  readonly missing: readonly MissingType[]
  /** Snapshots, checkpoints or retention fail: nothing is lost, but starts take longer. */
  readonly upkeep: UpkeepHealth | undefined
  /** What became of spans so far, when traces are recorded. */
  readonly traces: TraceHealth | undefined
}

/** What of the store's upkeep fails. */
export interface UpkeepHealth {
  readonly work: UpkeepFailure['work']
  /** Of the last try. */
  readonly error: unknown
  /** Wall time in ms of the first failure since it last went well. */
  readonly since: number
}

/** One host as `system.health()` sees it. */
export interface HostHealth {
  readonly slot: number
  readonly state: HostState
  /** Age in ms of the oldest message waiting in its memory; also absent when it does not answer. */
  readonly oldestWaiting: number | undefined
  /** The turn that has held its thread for a second or longer (F5). */
  readonly blocked: Blocked | undefined
  /** Ms for which its thread has had nothing to do so far; what two looks differ by tells its use. */
  readonly idle: number
}

/** What was reported. */
interface HealthSource {
  readonly stalledSince: number | undefined
  readonly missing: readonly MissingType[]
  readonly upkeepFailure: UpkeepHealth | undefined
}

export async function readHealth(
  { peer, hosts, client, pool, telemetry }: Booted,
  { stalledSince, missing: unknown, upkeepFailure }: HealthSource,
  closing: boolean,
): Promise<Omit<Health, 'backup'>> {
  const found = await Promise.all((hosts?.slots ?? []).map((slot) => hostHealth(hosts, pool, slot)))
  const stats = stalledSince === undefined ? await soon(client?.ask('stats', {})) : undefined
  const missing = found.some(({ state }) => state === 'replacing')
  const oldest = stats?.oldestPending
  return {
    status: closing
      ? 'closing'
      : stalledSince !== undefined
        ? 'store-stalled'
        : missing
          ? 'hosts-missing'
          : found.some(({ blocked }) => blocked !== undefined)
            ? 'hosts-blocked'
            : unknown.length > 0
              ? 'types-missing'
              : upkeepFailure !== undefined
                ? 'upkeep-failing'
                : 'ok',
    stalledSince,
    hosts: found,
    oldestWaiting: peer.oldestWaiting,
    oldestStored: oldest === undefined ? undefined : Math.max(0, peer.clock.wall() - oldest),
    store: stats,
    missing: unknown,
    upkeep: upkeepFailure,
    traces: telemetry.traces?.health,
  }
}

async function hostHealth(
  hosts: Booted['hosts'],
  pool: Booted['pool'],
  slot: number,
): Promise<HostHealth> {
  const host = hosts?.running.get(slot)
  const blocked = hosts?.blockedIn(slot)
  return {
    slot,
    state: hosts?.stateOf(slot) ?? 'replacing',
    oldestWaiting: blocked ? undefined : await soon(host?.control.oldestWaiting()),
    blocked,
    idle: host === undefined ? 0 : (pool?.idleOf(host.threadId) ?? 0),
  }
}
