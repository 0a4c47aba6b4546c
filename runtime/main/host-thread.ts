/**
 * One incarnation of a slot: its thread, its ports, the memory it shares, and how it comes up.
 *
 * Does not own what becomes of it (`hosts.ts`).
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { App } from '../../actors/app.ts'
import { decodeError } from '../../actors/cell/error-data.ts'
import { logRanks } from '../../actors/cell/ports.ts'
import { longestTimeout } from '../../mailbox/clock.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { allocateHand } from '../../persistence/hand-file.ts'
import { BusyNote } from '../peer/busy-note.ts'
import { Counters } from '../peer/counters.ts'
import { FlightRecorder } from '../peer/flight-recorder.ts'
import type { Beginning } from '../store/protocol.ts'
import { MetricPage } from '../telemetry/metrics/page.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { call, type Remote } from '../wire/control.ts'
import type { HostControl, HostStart, Report } from '../wire/host-control.ts'
import { LogCredit } from '../wire/log-credit.ts'
import type { Placement, PlacementPlan } from '../wire/placement.ts'
import type { CheckedOptions } from './options.ts'
import type { Thread, ThreadPool } from './pool.ts'
import { deathOf, type StoreHome } from './store-home.ts'

/** One incarnation of a slot. */
export interface HostThread {
  readonly slot: number
  /** Generation of the slot; the next one begins also when the store's thread was replaced. */
  epoch: number
  readonly thread: Thread
  readonly control: Remote<HostControl>
  readonly controlPort: MessagePort
  readonly reports: MessagePort
  readonly counters: Counters
  readonly flight: SharedArrayBuffer
  readonly busy: BusyNote
  readonly metrics: MetricPage | undefined
  readonly logs: LogCredit
  /** What it has in hand, when the store is in memory. */
  readonly hand: SharedArrayBuffer | undefined
  readonly death: Promise<never>
  /** Node's number of its thread, once it is up. */
  threadId: number
}

/** What a host is made of, and whom it reports to. */
export interface HostMaker {
  readonly app: App
  readonly plan: PlacementPlan
  readonly placement: Placement
  readonly options: CheckedOptions
  readonly worker: URL
  readonly pool: ThreadPool
  readonly store: StoreHome | undefined
  readonly telemetry: Telemetry
  nextOrigin(): Promise<number>
  reported(slot: number, report: Report): void
}

/**
 * Resolves when the host answers: no handler runs there yet.
 * @throws what its app does when it is loaded, APP_INVALID when it takes too long
 */
export async function startHost(
  side: HostMaker,
  slot: number,
  { epoch, position }: Beginning,
): Promise<HostThread> {
  const origin = await side.nextOrigin()
  const wires = await wiresTo(side, slot)
  const memory = sharedMemory(side)
  const traces = side.telemetry.traces?.hostTraces(slot)
  const own = { role: 'host', slot, epoch, position, origin, traces }
  const start: HostStart = { ...startOf(side, memory), ...wires.theirs, ...own }
  const thread = side.pool.run(side.worker, start, wires.moving)
  const death = deathOf(thread.ended, `host ${slot}`)
  const { hand } = memory
  const host = {
    ...memory,
    slot,
    epoch,
    thread,
    death,
    control: call<HostControl>(wires.control, death),
    controlPort: wires.control,
    reports: wires.reports,
    hand: typeof hand === 'string' ? undefined : hand,
    threadId: 0,
  }
  await up(side, host)
  return host
}

/** What both sides can read while the thread lives, and this one afterwards. */
interface SharedMemory {
  readonly counters: Counters
  readonly flight: SharedArrayBuffer
  readonly busy: BusyNote
  readonly metrics: MetricPage | undefined
  /** What of its log lines was taken in. */
  readonly logs: LogCredit
  /** Its own memory for a store in memory; beside a store's file a file, of which this is the path. */
  readonly hand: SharedArrayBuffer | string | undefined
}

function sharedMemory({ app, options }: HostMaker): SharedMemory {
  const { store } = options
  return {
    counters: new Counters(app.actors.keys()),
    flight: FlightRecorder.allocate(),
    busy: new BusyNote(),
    logs: new LogCredit(),
    metrics: options.telemetry.metrics && new MetricPage(),
    hand: store === 'memory' ? allocateHand() : store,
  }
}

/** Ends of this side, and those that move to the thread. */
async function wiresTo({ store }: HostMaker, slot: number) {
  const control = new MessageChannel()
  const reports = new MessageChannel()
  const storePort = await store?.connectRemote(slot)
  const theirs = { control: control.port2, reports: reports.port2, store: storePort }
  const moving = [theirs.control, theirs.reports, ...(storePort ? [storePort] : [])]
  return { control: control.port1, reports: reports.port1, theirs, moving }
}

/** What is the same for every incarnation of every slot, but for its memory. */
function startOf(
  { app, plan, placement, options }: HostMaker,
  { counters, flight, busy, metrics, logs, hand }: SharedMemory,
) {
  const { development, residency, poll, secrets } = options
  return {
    ...{ app: app.url, plan, retired: placement.retired },
    ...{ counters: counters.shared, flight, busy: busy.shared, hand },
    ...{ metrics: metrics?.shared, logs: logs.shared, logRank: logRanks[options.logLevel] },
    ...{ development, residency, poll, secrets },
  }
}

/** Resolves when the host answers; rejects when it dies first or takes too long. */
async function up(side: HostMaker, host: HostThread): Promise<void> {
  const { startWithin } = side.options
  let timer: NodeJS.Timeout | undefined
  const up = new Promise<void>((resolve, reject) => {
    const patience = Math.min(startWithin, longestTimeout)
    timer = setTimeout(() => reject(slow(host.slot, startWithin)), patience)
    host.reports.on('message', (report: Report) => {
      if (report.kind === 'up') {
        host.threadId = report.threadId
        resolve()
      }
      if (report.kind === 'failed') reject(decodeError(report.error))
      side.reported(host.slot, report)
      if (report.kind === 'log') host.logs.taken(report.cost)
    })
  })
  try {
    // A start that failed is reported before its thread ends, by another way: let it come first.
    const died = host.death.catch((error) => new Promise((_, fail) => setImmediate(fail, error)))
    await Promise.race([up, died])
  } catch (error) {
    host.thread.kill()
    host.controlPort.close()
    host.reports.close()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

function slow(slot: number, within: number): TroupeError {
  return new TroupeError(
    'APP_INVALID',
    `host ${slot} did not come up within ${within} ms; does the app module block or await something at its top level? Raise "startWithin" if it really needs longer`,
  )
}
