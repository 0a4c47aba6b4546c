/**
 * Putting a system together: store, main peer, hosts, and what the store still has to do.
 *
 *   store open ──► epochs, origins ──► hosts up ──► links ──► waiting work known ──► go ──► intake
 */
import { fileURLToPath } from 'node:url'
import type { App } from '../../actors/app.ts'
import { encodeError } from '../../actors/cell/error-data.ts'
import { Count } from '../../mailbox/accounting.ts'
import { hashAddress, typeOf } from '../../mailbox/address.ts'
import type { Clock } from '../../mailbox/clock.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import { Hand, handFile } from '../../persistence/hand-file.ts'
import { Keyring } from '../../persistence/keyring.ts'
import { Counters } from '../peer/counters.ts'
import { type FlightEntry, flightOf } from '../peer/flight-recorder.ts'
import { hostDeps } from '../peer/host-deps.ts'
import { Peer } from '../peer/peer.ts'
import { PeerLinks } from '../peer/peer-links.ts'
import type { PeerSink } from '../peer/peer-options.ts'
import { Starts } from '../peer/starts.ts'
import type { StoreClient } from '../peer/store-client.ts'
import { connectStore, type StoreConnection } from '../peer/store-connection.ts'
import type { FromStore, UpkeepFailure } from '../store/protocol.ts'
import { loadFaults } from '../wire/fault-module.ts'
import type { Report } from '../wire/host-control.ts'
import {
  mainSlot,
  Placement,
  type PlacementPlan,
  planPlacement,
  slotCount,
} from '../wire/placement.ts'
import type { Blocked } from './blocked-hosts.ts'
import { EndingClock } from './ending-clock.ts'
import { HostLosses } from './host-losses.ts'
import { Hosts } from './hosts.ts'
import type { CheckedOptions } from './options.ts'
import { type MissingType, Orphans } from './orphans.ts'
import { ThreadPool } from './pool.ts'
import { Quarantine } from './quarantine.ts'
import { openStoreHere, type StoreHome } from './store-home.ts'
import { StoreThread } from './store-thread.ts'
import { workerFile } from './worker-file.ts'

/** The slot number under which the main thread's records are counted. */
export const mainStoreSlot = 1_000_000
/** Addresses of waiting actors read at once at boot. */
const countPage = 1_000

/** What the system wants to hear. */
export interface BootListener {
  readonly sink: PeerSink
  reported(slot: number, report: Report): void
  hostLost(slot: number, error: unknown, flight: readonly FlightEntry[]): void
  hostStarted(slot: number): void
  hostBlocked(slot: number, turn: Blocked): void
  hostRetired(slot: number): void
  storeState(stalled: boolean, error: unknown): void
  typesMissing(types: readonly MissingType[]): void
  upkeep(failed: UpkeepFailure | undefined): void
}

/** A system put together and running. */
export interface Booted {
  readonly clock: EndingClock
  readonly peer: Peer
  readonly links: PeerLinks
  readonly counters: Counters
  readonly hosts: Hosts | undefined
  readonly store: StoreHome | undefined
  readonly client: StoreClient | undefined
  readonly pool: ThreadPool | undefined
  readonly quarantine: Quarantine
  readonly faults: Faults | undefined
}

export async function boot(
  app: App,
  options: CheckedOptions,
  listener: BootListener,
): Promise<Booted> {
  checkStore(app, options)
  const plan = planPlacement(app.actors.values(), options.workers)
  const slots = slotCount(plan)
  // Four more than hosts: store, archivist, history queries, a backup; the pool makes them on demand.
  const pool =
    slots === 0
      ? undefined
      : new ThreadPool(slots + 4, options.hostMemory, { faults: options.faults })
  const faults = await loadFaults(options.faults, { role: 'main' })
  let failed!: (error: unknown) => void
  // Who asked a store's thread that has died would wait for ever.
  const storeFell = new Promise<never>((_, reject) => {
    failed = (error) => reject(storeDied(error))
  })
  const made: Made = { failed }
  try {
    const threads = { plan, slots, pool, made, faults }
    return await Promise.race([assemble(app, options, listener, threads), storeFell])
  } catch (error) {
    await takeApart(made, pool)
    throw error
  }
}

/** What a start that fails leaves behind is what was made until then, in this order. */
interface Made {
  /** The store's thread died before everybody was connected to it. */
  readonly failed: (error: unknown) => void
  clock?: EndingClock
  store?: StoreHome
  hosts?: Hosts
}

/** The start's own error is the one to report, not what its end runs into. */
async function takeApart(
  { clock, hosts, store }: Made,
  pool: ThreadPool | undefined,
): Promise<void> {
  clock?.end()
  await hosts?.stop(Promise.resolve())
  await store?.close().catch(() => undefined)
  await pool?.destroy()
}

function storeDied(cause: unknown): TroupeError {
  return new TroupeError(
    'STORE_STALLED',
    'the thread of the store died while the system started; start it again',
    { cause },
  )
}

/** @throws OPTION_INVALID when durable actors have nowhere to be durable */
function checkStore(app: App, options: CheckedOptions): void {
  if (options.store !== undefined) return
  for (const [type, { behavior }] of app.actors) {
    if (!behavior.durable) continue
    throw new TroupeError(
      'OPTION_INVALID',
      `createSystem: actor "${type}" is durable and needs a store: pass { store: './app.db' }, or { store: 'memory' } to remember only while the process runs`,
    )
  }
}

interface Threads {
  readonly plan: PlacementPlan
  readonly slots: number
  readonly pool: ThreadPool | undefined
  readonly made: Made
  readonly faults: Faults | undefined
}

async function assemble(
  app: App,
  options: CheckedOptions,
  listener: BootListener,
  { plan, slots, pool, made, faults }: Threads,
): Promise<Booted> {
  const worker = workerFile(options.host)
  const placement = new Placement(plan)
  const counters = new Counters(app.actors.keys())
  const clock = new EndingClock()
  made.clock = clock
  const peer = makePeer(app, options, listener, { placement, counters, clock, faults })
  const links = new PeerLinks(peer, app.actors.keys())
  const store = await openStore(app, options, pool, worker, { clock, faults })
  faults?.('boot:store-open')
  if (store !== undefined) made.store = store
  store?.watch({ fell: made.failed, back: () => Promise.resolve() })
  const file = options.store === 'memory' ? undefined : options.store
  const quarantine = new Quarantine(file, faults)
  const main = store && (await connectMain(peer, store, listener))
  const client = main?.client
  const origins = new Origins(client)
  peer.adoptOrigin(await origins.next())
  const losses = new HostLosses(peer, counters, client, app.actors.keys())
  const hosts =
    pool &&
    new Hosts({
      app,
      plan,
      placement,
      clock,
      options,
      worker,
      pool,
      store,
      links,
      faults,
      beginEpoch: async (slot) => (await client?.ask('beginEpoch', { slot })) ?? 1,
      nextOrigin: () => origins.next(),
      reported: (slot, report) => {
        if (report.kind === 'cleared') quarantine.cleared(report.key)
        if (report.kind === 'quarantined') {
          quarantine.quarantined(report.suspect, report.actor, report.timer)
        }
        listener.reported(slot, report)
      },
      lost: async (host, error, wreckage) => {
        listener.hostLost(host.slot, error, flightOf(host.flight, [...app.actors.keys()]))
        if (client !== undefined) quarantine.adopt(host.slot, host.hand)
        await losses.settle(host, wreckage)
      },
      started: (slot) => listener.hostStarted(slot),
      suspectsOf: async (slot) => ({
        suspects: quarantine.suspects,
        actors:
          client === undefined ? [] : await actorsWithSuspects(quarantine, client, placement, slot),
      }),
      blocked: (slot, turn) => listener.hostBlocked(slot, turn),
      retired: (slot) => listener.hostRetired(slot),
    })
  if (hosts !== undefined) made.hosts = hosts
  quarantine.onRelease((key, actor) => {
    void hosts?.pardon(key, actor)
    peer.starts?.release(key)
    if (hosts === undefined) peer.signal(actor, { kind: 'wake' })
  })
  if (hosts === undefined && file !== undefined) {
    peer.starts = startsHere(file, quarantine, listener)
    peer.starts.know(quarantine.suspects)
    peer.pump.holdAll()
  }
  await hosts?.start(slots)
  faults?.('boot:hosts-up')
  // From here on everybody can be connected anew.
  store?.watch({
    fell: (error) => listener.storeState(true, encodeError(error)),
    back: async () => {
      await main?.rejoin()
      await hosts?.rejoinStore()
      listener.storeState(false, undefined)
    },
  })
  if (client !== undefined) quarantine.waiting(await countWaiting(peer, counters, client))
  await hosts?.tryAlone()
  if (hosts === undefined && client !== undefined) {
    await peer.pump.tryAlone(await actorsWithSuspects(quarantine, client, placement, mainSlot))
    peer.pump.tryAll()
  }
  if (client !== undefined) {
    listener.typesMissing(await new Orphans(peer, client, app, listener.sink).settle())
  }
  faults?.('boot:before-intake')
  // From here on every thread wakes those that live there.
  await hosts?.go()
  peer.waker?.begin()
  await store?.start()
  return { clock, peer, links, counters, hosts, store, client, pool, quarantine, faults }
}

function makePeer(
  app: App,
  options: CheckedOptions,
  listener: BootListener,
  parts: {
    readonly placement: Placement
    readonly counters: Counters
    readonly clock: Clock
    readonly faults: Faults | undefined
  },
): Peer {
  const peer: Peer = new Peer({
    ...parts,
    slot: mainSlot,
    actors: app.actors,
    deps: hostDeps(app, () => peer),
    origin: 1,
    development: options.development,
    residency: options.residency,
    secrets: new Keyring(options.secrets),
    effects: options.effects,
    sink: listener.sink,
    jitter: Math.random,
    soon: setImmediate,
  })
  return peer
}

async function openStore(
  { url, renamed }: App,
  { store, acceptLoss, retention, checkpointEvery, checkpointAfter, workers }: CheckedOptions,
  pool: ThreadPool | undefined,
  worker: URL,
  { clock, faults }: { readonly clock: Clock; readonly faults: Faults | undefined },
): Promise<StoreHome | undefined> {
  if (store === undefined) return undefined
  if (store === 'memory') return openStoreHere(undefined, clock, faults)
  const app = url.startsWith('file:') ? fileURLToPath(url) : undefined
  const file = {
    path: store,
    acceptLoss,
    app,
    retention,
    checkpointEvery,
    checkpointAfter,
    renamed,
  }
  if (workers === 0 || pool === undefined) return openStoreHere(file, clock, faults)
  return StoreThread.open(file, pool, worker)
}

async function connectMain(
  peer: Peer,
  store: StoreHome,
  listener: BootListener,
): Promise<StoreConnection> {
  let receive: (message: FromStore) => void = () => undefined
  const wire = await store.connect(mainStoreSlot, (message) => receive(message))
  const identity = { slot: mainStoreSlot, epoch: 0 }
  const connection = connectStore(peer, wire, identity, {
    arrived: (actors) => {
      for (const actor of actors) peer.arrivedInStore(actor)
    },
    state: (stalled, error) => listener.storeState(stalled, error),
    upkeep: (failed) => listener.upkeep(failed),
  })
  receive = connection.receive
  const { client } = connection
  peer.journal?.begin(await client.ask('beginEpoch', { slot: mainStoreSlot }))
  // No timer fires before the store is told to start.
  connection.ticksFrom((await client.ask('stats', {})).position)
  return connection
}

/** With `workers: 0` the main thread runs the actors, and its own starts are counted. */
function startsHere(file: string, quarantine: Quarantine, listener: BootListener): Starts {
  const hand = new Hand(handFile(file, mainStoreSlot))
  return new Starts(hand, {
    cleared: (key) => quarantine.cleared(key),
    quarantined: (suspect, actor, timer) => {
      quarantine.quarantined(suspect, actor, timer)
      listener.reported(mainSlot, { kind: 'quarantined', suspect, actor, timer })
    },
  })
}

/** Actors of a slot with waiting messages and a suspect, or with the hash of one that has (F3). */
async function actorsWithSuspects(
  quarantine: Quarantine,
  client: StoreClient,
  placement: Placement,
  slot: number,
): Promise<readonly string[]> {
  if (quarantine.suspects.length === 0) return []
  const found: string[] = []
  let after: number | undefined
  do {
    const page: { actors: readonly { actor: string; pending: number }[]; next?: number } =
      await client.ask('wakeList', { after, limit: countPage })
    for (const { actor, pending } of page.actors) {
      const isHere = placement.slotOf(actor, typeOf(actor)) === slot
      if (pending > 0 && isHere && quarantine.isSuspect(actor)) found.push(actor)
    }
    after = page.next
  } while (after !== undefined)
  return found
}

/** What waits in the store counts as accepted again (M4). Returns the hashes of the addresses. */
async function countWaiting(
  peer: Peer,
  counters: Counters,
  client: StoreClient,
): Promise<ReadonlySet<number>> {
  const waiting = new Set<number>()
  let after: number | undefined
  do {
    const page: { actors: readonly { actor: string; pending: number }[]; next?: number } =
      await client.ask('wakeList', { after, limit: countPage })
    for (const { actor, pending } of page.actors) {
      if (pending === 0 || peer.definition(typeOf(actor)) === undefined) continue
      waiting.add(hashAddress(actor))
      const row = counters.row(typeOf(actor))
      row[Count.storeAccepted] = (row[Count.storeAccepted] as number) + pending
      row[Count.inStore] = (row[Count.inStore] as number) + pending
    }
    after = page.next
  } while (after !== undefined)
  return waiting
}

/** Origins of thread incarnations: never given out twice, reserved in blocks. */
class Origins {
  readonly #client: StoreClient | undefined
  #next = 1
  #end = 1

  constructor(client: StoreClient | undefined) {
    this.#client = client
    if (client === undefined) this.#end = Number.POSITIVE_INFINITY
  }

  async next(): Promise<number> {
    if (this.#next >= this.#end && this.#client !== undefined) {
      this.#next = await this.#client.ask('reserveOrigins', { count: originBlock })
      this.#end = this.#next + originBlock
    }
    this.#next += 1
    return this.#next - 1
  }
}

const originBlock = 64
