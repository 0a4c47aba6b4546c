/** The hosts of a system: what they are told of the main side, and what follows from what they report. */

import type { KilledActor } from '../../persistence/killed-files.ts'
import { flightOf } from '../peer/flight-recorder.ts'
import type { StoreClient } from '../peer/store-client.ts'
import type { Report, WardStart } from '../wire/host-control.ts'
import { tellEndsOfSlot } from './ends-untold.ts'
import type { Ground } from './ground.ts'
import { HostLosses } from './host-losses.ts'
import { Hosts } from './hosts.ts'
import type { Origins } from './origins.ts'
import type { ThreadPool } from './pool.ts'
import type { Quarantine } from './quarantine.ts'
import type { StoreHome } from './store-home.ts'
import { workerFile } from './worker-file.ts'

/** How every generation of a slot begins without a store. */
const withoutStore = Object.freeze({ epoch: 1, position: 0 })

/** What was opened before them. */
export interface HostsNeeds {
  readonly pool: ThreadPool
  readonly store: StoreHome | undefined
  readonly client: StoreClient | undefined
  readonly quarantine: Quarantine
  readonly origins: Origins
  reported(slot: number, report: Report): void
  suspectsOf(slot: number): Promise<WardStart>
  killed(): readonly KilledActor[]
}

export function makeHosts(ground: Ground, needs: HostsNeeds): Hosts {
  const { app, options, listener, peer, counters } = ground
  const { client, quarantine, origins } = needs
  const types = [...app.actors.keys()]
  const losses = new HostLosses(peer, counters, client, types)
  return new Hosts({
    ...ground,
    ...needs,
    worker: workerFile(options.host),
    beginEpoch: async (slot) => (await client?.ask('beginEpoch', { slot })) ?? withoutStore,
    nextOrigin: () => origins.next(),
    lost: (host, error) => {
      if (client !== undefined) quarantine.adopt(host.slot, host.hand)
      if (host.metrics !== undefined) listener.metering?.retire(host.metrics)
      listener.hostLost(host.slot, error, flightOf(host.flight, types))
    },
    settle: async (host, links) => {
      // Saying it twice does no harm, settling would: what may fail comes first.
      if (client !== undefined) await tellEndsOfSlot(host.slot, peer, client, app.actors)
      await losses.settle(host, links)
    },
    started: ({ slot, metrics }) => {
      if (metrics !== undefined) listener.metering?.add(metrics)
      listener.hostStarted(slot)
    },
    blocked: (slot, turn) => listener.hostBlocked(slot, turn),
    retired: (slot) => listener.hostRetired(slot),
  })
}
