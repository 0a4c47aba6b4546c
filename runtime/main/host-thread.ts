/**
 * One incarnation of a slot: its thread, its ports, the memory it shares, and how it comes up.
 *
 * Does not own what becomes of it (`hosts.ts`).
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { App } from '../../actors/app.ts'
import { decodeError } from '../../actors/cell/error-data.ts'
import { longestTimeout } from '../../mailbox/clock.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { allocateHand } from '../../persistence/hand-file.ts'
import { BusyNote } from '../peer/busy-note.ts'
import { Counters } from '../peer/counters.ts'
import { FlightRecorder } from '../peer/flight-recorder.ts'
import type { Beginning } from '../store/protocol.ts'
import { call, type Remote } from '../wire/control.ts'
import type { HostControl, Report } from '../wire/host-control.ts'
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
  const { app, plan, options, store, pool, worker } = side
  const origin = await side.nextOrigin()
  const control = new MessageChannel()
  const reports = new MessageChannel()
  const storePort = await store?.connectRemote(slot)
  const counters = new Counters(app.actors.keys())
  const flight = FlightRecorder.allocate()
  const busy = new BusyNote()
  const { store: file } = options
  const hand = file === 'memory' ? allocateHand() : file
  const start = {
    role: 'host',
    slot,
    epoch,
    position,
    origin,
    app: app.url,
    plan,
    retired: side.placement.retired,
    counters: counters.shared,
    flight,
    busy: busy.shared,
    hand,
    development: options.development,
    residency: options.residency,
    poll: options.poll,
    secrets: options.secrets,
    control: control.port2,
    reports: reports.port2,
    store: storePort,
  }
  const moved = [control.port2, reports.port2, ...(storePort ? [storePort] : [])]
  const thread = pool.run(worker, start, moved)
  const death = deathOf(thread.ended, `host ${slot}`)
  const host = {
    slot,
    epoch,
    thread,
    control: call<HostControl>(control.port1, death),
    controlPort: control.port1,
    reports: reports.port1,
    counters,
    flight,
    busy,
    hand: typeof hand === 'string' ? undefined : hand,
    death,
    threadId: 0,
  }
  await up(side, host)
  return host
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
