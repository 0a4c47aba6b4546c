/** Whether a system makes progress, and what holds it up. */
import type { StoreStats } from '../../persistence/store.ts'
import type { BackupHealth } from './backups.ts'
import type { Blocked } from './blocked-hosts.ts'
import type { Booted } from './boot.ts'
import type { HostState } from './hosts.ts'
import type { MissingType } from './orphans.ts'
import type { Reports } from './reports.ts'
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

export async function readHealth(
  { peer, hosts, client, pool }: Booted,
  { stalledSince, missing: unknown }: Pick<Reports, 'stalledSince' | 'missing'>,
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
              : 'ok',
    stalledSince,
    hosts: found,
    oldestWaiting: peer.oldestWaiting,
    oldestStored: oldest === undefined ? undefined : Math.max(0, peer.clock.wall() - oldest),
    store: stats,
    missing: unknown,
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
