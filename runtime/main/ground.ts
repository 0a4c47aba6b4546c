/**
 * The parts of the main thread that need nobody's answer: who exists, where everybody lives, the clock,
 * the counters, the peer. A start lays them first; what may fail or wait comes after (`boot.ts`).
 */
import type { App } from '../../actors/app.ts'
import { logRanks } from '../../actors/cell/ports.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import { Keyring } from '../../persistence/keyring.ts'
import { Counters } from '../peer/counters.ts'
import { hostDeps } from '../peer/host-deps.ts'
import type { Peer } from '../peer/peer.ts'
import { PeerLinks } from '../peer/peer-links.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { mainSlot, Placement, type PlacementPlan, planPlacement } from '../wire/placement.ts'
import type { BootListener } from './boot-listener.ts'
import { EndingClock } from './ending-clock.ts'
import type { CheckedOptions } from './options.ts'
import type { SystemPorts } from './system-ports.ts'

/** What a system is made of. */
export interface SystemPlan {
  readonly app: App
  readonly options: CheckedOptions
  readonly listener: BootListener
  readonly ports: SystemPorts
  readonly faults: Faults | undefined
  readonly telemetry: Telemetry
}

export interface Ground extends SystemPlan {
  readonly plan: PlacementPlan
  readonly placement: Placement
  readonly clock: EndingClock
  readonly counters: Counters
  readonly peer: Peer
  readonly links: PeerLinks
}

export function layGround(given: SystemPlan): Ground {
  const { app, options, ports } = given
  const plan = planPlacement(app.actors.values(), options.workers)
  const placement = new Placement(plan)
  const clock = new EndingClock(ports.clock)
  const counters = new Counters(app.actors.keys())
  const peer = makePeer(given, { placement, clock, counters })
  const links = new PeerLinks(peer, app.actors.keys())
  return { ...given, plan, placement, clock, counters, peer, links }
}

function makePeer(
  { app, options, listener, ports, faults, telemetry }: SystemPlan,
  parts: Pick<Ground, 'placement' | 'clock' | 'counters'>,
): Peer {
  const peer: Peer = ports.makePeer({
    ...parts,
    slot: mainSlot,
    actors: app.actors,
    deps: hostDeps(app, () => peer),
    // Until the store has given it one; nothing is sent before.
    origin: 1,
    development: options.development,
    residency: options.residency,
    secrets: new Keyring(options.secrets),
    effects: options.effects,
    meter: listener.metering?.main,
    logRank: logRanks[options.logLevel],
    sink: listener.sink,
    jitter: ports.jitter,
    soon: ports.soon,
    poll: options.workers === 0 ? 0 : options.poll,
    faults,
    tracing: telemetry.traces?.tracing,
  })
  return peer
}
