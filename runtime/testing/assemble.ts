/**
 * Puts a test system together: the real peer, cells, store service and queries of a system with
 * `workers: 0`, on a virtual clock and a memory store. Only time and the disk are not real.
 */
import type { App } from '../../actors/app.ts'
import type { VirtualClock } from '../../mailbox/clock.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { openMemoryStore } from '../../persistence/memory-store.ts'
import type { StoreReader } from '../../persistence/store.ts'
import type { Booted } from '../main/boot.ts'
import { EndingClock } from '../main/ending-clock.ts'
import { Quarantine } from '../main/quarantine.ts'
import type { Reports } from '../main/reports.ts'
import type { StoreHome } from '../main/store-home.ts'
import { Counters } from '../peer/counters.ts'
import { hostDeps } from '../peer/host-deps.ts'
import { letterOf } from '../peer/letter.ts'
import type { Peer } from '../peer/peer.ts'
import { PeerLinks } from '../peer/peer-links.ts'
import type { PeerSink } from '../peer/peer-options.ts'
import type { StoreClient } from '../peer/store-client.ts'
import { connectStore } from '../peer/store-connection.ts'
import { openInlineStore } from '../store/inline-store.ts'
import type { FromStore } from '../store/protocol.ts'
import type { StoreService } from '../store/store-service.ts'
import { mainSlot, Placement, planPlacement } from '../wire/placement.ts'
import { FailingMedium } from './failures.ts'
import type { Observed } from './observed.ts'
import { testKeyring } from './test-key.ts'
import { TestPeer } from './test-peer.ts'
import type { TestTime } from './test-time.ts'
import type { Work } from './work.ts'

/** Peers number their own records; the store knows this one by the next slot. */
const storeSlot = mainSlot + 1

/** A system's parts, and what only a test may touch. */
export interface Assembled {
  readonly booted: Booted
  readonly peer: TestPeer
  readonly time: TestTime
  readonly observed: Observed
  readonly medium: FailingMedium
  /** The records, as replay reads them (R4). */
  readonly records: StoreReader
}

/** What a test brings. */
interface Brought {
  readonly app: App
  readonly time: TestTime
  readonly work: Work
  readonly reports: Reports
  readonly observed: Observed
}

export function assemble({ app, time, work, reports, observed }: Brought): Assembled {
  const { clock } = time
  const medium = new FailingMedium()
  const counters = new Counters(app.actors.keys())
  const options = {
    slot: mainSlot,
    actors: app.actors,
    deps: hostDeps(app, () => peer),
    placement: new Placement(planPlacement([], 0)),
    clock,
    counters,
    origin: 1,
    development: true,
    secrets: testKeyring(),
    sink: timed(reports, clock),
    // The longest pause of every back-off: a test that waits for it has waited long enough.
    jitter: () => 1,
    soon: (run: () => void) => work.soon(run),
  }
  const later = work.isScheduled ? options.soon : undefined
  const peer: TestPeer = new TestPeer(options, observed, later)
  const links = new PeerLinks(peer, app.actors.keys())
  const { home, client, records } = connect(peer, clock, work, reports, medium)
  const booted: Booted = {
    // No alarm is ever set on the real clock, so there is none to end.
    clock: new EndingClock(),
    peer,
    links,
    counters,
    hosts: undefined,
    store: home,
    client,
    pool: undefined,
    quarantine: new Quarantine(undefined),
    faults: undefined,
  }
  return { booted, peer, time, observed, medium, records }
}

interface Connected {
  readonly home: StoreHome
  readonly client: StoreClient
  readonly records: StoreReader
}

function connect(
  peer: Peer,
  clock: VirtualClock,
  work: Work,
  reports: Reports,
  medium: FailingMedium,
): Connected {
  const store = openMemoryStore({ now: () => clock.wall() }, medium)
  const { service } = openInlineStore(store, clock, (run) => work.soon(run))
  let receive: (message: FromStore) => void = () => undefined
  const send = service.connect(storeSlot, { post: (message) => receive(message) })
  const epoch = store.beginEpoch(storeSlot)
  const connection = connectStore(
    peer,
    { post: (message) => send(message) },
    { slot: storeSlot, epoch },
    {
      arrived: (actors) => {
        for (const actor of actors) peer.arrivedInStore(actor)
      },
      state: (stalled, error) => reports.storeState(stalled, error),
    },
  )
  receive = connection.receive
  service.start()
  return { home: homeOf(service), client: connection.client, records: store }
}

function homeOf(service: StoreService): StoreHome {
  const alone = (): Promise<never> =>
    Promise.reject(new TroupeError('SYSTEM_IN_HOST', 'a test system has one thread'))
  return {
    kill: () => false,
    watch: () => undefined,
    connect: alone,
    connectRemote: alone,
    start: () => Promise.resolve(),
    close: () => Promise.resolve(service.close()),
  }
}

/** Dead letters bear the virtual time. */
function timed(reports: Reports, clock: VirtualClock): PeerSink {
  return {
    ...reports.sink,
    deadLetter: (envelope, reason, error, position) => {
      const letter = letterOf(envelope, reason, error, position, clock.wall())
      reports.letter(letter)
    },
  }
}
