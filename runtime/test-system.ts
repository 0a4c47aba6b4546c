/**
 * A system under a test's control: the real peer, cells, store service and queries of a system with
 * `workers: 0`, on a virtual clock and a memory store. Only time and the disk are not real.
 *
 * Owns: when time passes. Handlers run by themselves as the event loop turns; timers, deadlines,
 * back-offs and passivation come only with {@link TestSystem.advance}.
 */
import type { App } from '../actors/app.ts'
import { VirtualClock } from '../mailbox/clock.ts'
import { shown, TroupeError } from '../mailbox/errors.ts'
import { aFunction, anInteger, anObject, checkOptions } from '../mailbox/options.ts'
import { openMemoryStore } from '../persistence/memory-store.ts'
import type { Booted } from './main/boot.ts'
import { DeadLetters } from './main/dead-letters.ts'
import { EndingClock } from './main/ending-clock.ts'
import { checkSystemOptions, type LogLine } from './main/options.ts'
import { Reports } from './main/reports.ts'
import type { StoreHome } from './main/store-home.ts'
import { System, type SystemParts } from './main/system.ts'
import { Counters } from './peer/counters.ts'
import { letterOf } from './peer/letter.ts'
import { Peer, type PeerSink } from './peer/peer.ts'
import { PeerLinks } from './peer/peer-links.ts'
import type { StoreClient } from './peer/store-client.ts'
import { connectStore } from './peer/store-connection.ts'
import { openInlineStore } from './store/inline-store.ts'
import type { FromStore } from './store/protocol.ts'
import type { StoreService } from './store/store-service.ts'
import { mainSlot, Placement, planPlacement } from './wire/placement.ts'

/** What {@link createTestSystem} may be told. */
export interface TestSystemOptions<Deps = unknown> {
  /** Wall time in ms at which the test begins. Default: 2026-01-01, UTC. */
  readonly wall?: number
  /** Instead of what the app's `deps` builds: your doubles. */
  readonly deps?: Deps
  /** Gets log lines. Default: nobody does. */
  readonly log?: (line: LogLine) => void
}

const checks = { wall: anInteger(0), deps: anObject, log: aFunction }

/** Peers number their own records; the store knows this one by the next slot. */
const storeSlot = mainSlot + 1

/** A {@link System} on one thread, whose time passes only when the test says so. */
export class TestSystem extends System {
  /** Moves with {@link advance}; `jump` moves its wall time alone, as an operator would. */
  readonly clock: VirtualClock
  readonly #work: Work

  /** Use {@link createTestSystem}. */
  constructor(parts: SystemParts, clock: VirtualClock, work: Work) {
    super(parts)
    this.clock = clock
    this.#work = work
  }

  /**
   * Resolves when nothing can happen any more without time passing. A handler that waits for real
   * input or output is not waited for: give it a double.
   */
  settle(): Promise<void> {
    return this.#work.settle()
  }

  /**
   * Lets time pass: everything that comes due on the way happens in order, each with its consequences.
   *
   * @param ms monotonic and wall time alike
   * @throws OPTION_INVALID for a negative or infinite time
   */
  async advance(ms: number): Promise<void> {
    checkTime(ms)
    const end = this.clock.mono() + ms
    await this.settle()
    while (this.clock.step(end - this.clock.mono())) await this.settle()
    this.clock.advance(Math.max(0, end - this.clock.mono()))
    await this.settle()
  }
}

/**
 * Starts a system for a test: one thread, virtual clock, memory store, development mode (every payload
 * is frozen and goes through the codec, so a test sees what threads would do to it).
 *
 * @param app the app under test
 * @throws OPTION_INVALID, APP_INVALID
 */
export async function createTestSystem<Deps>(
  app: App<Deps>,
  options: TestSystemOptions<Deps> = {},
): Promise<TestSystem> {
  checkOptions('createTestSystem', options, checks)
  if (!((app as Partial<App> | undefined)?.actors instanceof Map)) throw noApp()
  const checked = checkSystemOptions({
    store: 'memory',
    workers: 0,
    development: true,
    log: options.log ?? (() => undefined),
  })
  const clock = new VirtualClock(options.wall)
  const work = new Work()
  const reports = new Reports(checked.log)
  const booted = assemble(testApp(app, options), clock, work, reports)
  const deadLetters = new DeadLetters(booted.peer, booted.client)
  await deadLetters.load()
  reports.to(deadLetters)
  const parts = { app, options: checked, booted, events: reports.events, deadLetters, reports }
  return new TestSystem(parts as SystemParts, clock, work)
}

/** The app with the test's dependencies in place of its own; doubles are the test's to dispose. */
function testApp<Deps>(app: App<Deps>, { deps }: TestSystemOptions<Deps>): App {
  if (deps === undefined) return app as App
  return { ...app, deps: () => deps, dispose: undefined }
}

function assemble(app: App, clock: VirtualClock, work: Work, reports: Reports): Booted {
  const counters = new Counters(app.actors.keys())
  const peer = new Peer({
    slot: mainSlot,
    actors: app.actors,
    deps: app.deps,
    placement: new Placement(planPlacement([], 0)),
    clock,
    counters,
    origin: 1,
    development: true,
    sink: timed(reports, clock),
    // The longest pause of every back-off: a test that waits for it has waited long enough.
    jitter: () => 1,
    soon: (run) => work.soon(run),
  })
  const links = new PeerLinks(peer, app.actors.keys())
  const { home, client } = connect(peer, clock, work, reports)
  // No alarm is ever set on the real clock, so there is none to end.
  const real = new EndingClock()
  return {
    clock: real,
    peer,
    links,
    counters,
    hosts: undefined,
    store: home,
    client,
    pool: undefined,
  }
}

function connect(
  peer: Peer,
  clock: VirtualClock,
  work: Work,
  reports: Reports,
): { readonly home: StoreHome; readonly client: StoreClient } {
  const store = openMemoryStore({ now: () => clock.wall() })
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
  return { home: homeOf(service), client: connection.client }
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
      reports.reported(mainSlot, { kind: 'letter', letter })
    },
  }
}

/** What the runtime wants to do soon, counted, so that a test can wait for the end of it. */
class Work {
  #waiting = 0

  soon(run: () => void): void {
    this.#waiting += 1
    setImmediate(() => {
      this.#waiting -= 1
      run()
    })
  }

  /** A turn of the event loop settles all promises of user code that wait for nothing outside. */
  async settle(): Promise<void> {
    for (let idle = 0; idle < 2; idle = this.#waiting === 0 ? idle + 1 : 0) {
      await new Promise<void>((resolve) => void setImmediate(resolve))
    }
  }
}

function checkTime(ms: unknown): void {
  if (Number.isFinite(ms) && (ms as number) >= 0) return
  throw new TroupeError(
    'OPTION_INVALID',
    `advance: expected a finite number of ms, 0 or more, got ${shown(ms)}`,
  )
}

function noApp(): TroupeError {
  return new TroupeError(
    'APP_INVALID',
    'createTestSystem: the first argument is an app, as made by app(import.meta.url, { actors: [...] })',
  )
}
