/**
 * The host threads: one slot each, replaced when they die (F4).
 *
 *   starting ──► running ──► lost ──► replacing ──► running
 *                   │                     └──► retired (ten deaths in 60 s)
 *                   └──► stopped
 *
 * Owns threads, links between them, epochs and origins. One failure leads to one replacement: the
 * death of a thread is seen once, as the rejection of its task.
 */
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { Count } from '../../mailbox/accounting.ts'
import type { Clock } from '../../mailbox/clock.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import type { Counters } from '../peer/counters.ts'
import { type FlightEntry, flightOf } from '../peer/flight-recorder.ts'
import type { PeerLinks } from '../peer/peer-links.ts'
import { moving } from '../wire/control.ts'
import type { Calm, LinkStart, Report, WardStart } from '../wire/host-control.ts'
import { mainSlot, slotCount } from '../wire/placement.ts'
import { type Blocked, BlockedHosts } from './blocked-hosts.ts'
import type { LinkLosses } from './host-losses.ts'
import { type HostMaker, type HostThread, startHost } from './host-thread.ts'
import type { HostsView } from './hosts-view.ts'
import { LinkLedger } from './link-ledger.ts'
import type { Runners } from './runners.ts'
import { maxDeaths, SlotDeaths } from './slot-deaths.ts'
import { soon } from './soon.ts'

export type HostState = 'running' | 'replacing' | 'retired'

/** What the hosts need from the rest of the main side. */
export interface HostsSide extends HostMaker {
  readonly clock: Clock
  /** Links of the main thread itself. */
  readonly links: PeerLinks
  readonly faults: Faults | undefined
  /** The next epoch of a slot; 1 without a store. */
  beginEpoch(slot: number): Promise<number>
  /** A host died; its rows are frozen. Settles what the store holds for the slot. */
  lost(host: HostThread, error: unknown, links: LinkLosses): Promise<void>
  started(slot: number): void
  /** Whose suspects a new thread of the slot tries first (F3). */
  suspectsOf(slot: number): Promise<WardStart>
  /** A turn has held the slot's thread for a second (F5). */
  blocked(slot: number, turn: Blocked): void
  retired(slot: number): void
}

export class Hosts implements HostsView, Runners {
  readonly #side: HostsSide
  readonly #running = new Map<number, HostThread>()
  readonly #deaths: SlotDeaths
  readonly #ledger: LinkLedger
  readonly #blocked: BlockedHosts
  /** All slots, in order. */
  readonly slots: readonly number[]
  #stopping = false
  /** Replacements are done one after the other: two at once could link to each other's dead. */
  #replacing: Promise<void> = Promise.resolve()

  constructor(side: HostsSide) {
    this.#side = side
    this.slots = Array.from({ length: slotCount(side.plan) }, (_, slot) => slot)
    this.#deaths = new SlotDeaths(side.clock)
    this.#ledger = new LinkLedger(side.app.actors.keys())
    this.#blocked = new BlockedHosts({
      clock: side.clock,
      limit: side.options.blockLimit,
      blocked: (slot, turn) => side.blocked(slot, turn),
      end: (slot) => void this.kill(slot),
    })
  }

  stateOf(slot: number): HostState {
    if (this.#running.has(slot)) return 'running'
    return this.#side.placement.isRetired(slot) ? 'retired' : 'replacing'
  }

  get running(): ReadonlyMap<number, HostThread> {
    return this.#running
  }

  /** Starts all slots and links everybody with everybody. Handlers do not run before {@link go}. */
  async start(): Promise<void> {
    const hosts = await Promise.all(this.slots.map((slot) => this.#startHost(slot)))
    for (const host of hosts) this.#running.set(host.slot, host)
    for (const host of hosts) await this.#linkAll(host)
    for (const host of hosts) this.#watch(host)
  }

  /** After an unclean end: suspects run first, one in the whole system at a time (F3). */
  async tryAlone(): Promise<void> {
    for (const slot of this.slots) {
      const ward = await this.#side.suspectsOf(slot)
      await this.#running
        .get(slot)
        ?.control.tryAlone(ward)
        .catch(() => undefined)
      await this.#allReplaced()
    }
  }

  async #allReplaced(): Promise<void> {
    for (let last: unknown; last !== this.#replacing; ) {
      last = this.#replacing
      await this.#replacing
    }
  }

  /** A timer or an activation may start again. */
  async pardon(key: string, actor: string): Promise<void> {
    await this.#all((host) => host.control.pardon(key, actor))
  }

  async go(): Promise<void> {
    await this.#all((host) => host.control.go())
  }

  /** No host is missing, and every one is that still. Says whether messages wait for somebody there. */
  async calm(calm: Calm): Promise<boolean> {
    for (;;) {
      await this.#allReplaced()
      const replaced = this.#replacing
      let isAwaited = false
      await this.#all(async ({ control }) => {
        if (await control.calm(calm)) isAwaited = true
      })
      // One that died meanwhile said nothing of what it had.
      if (replaced === this.#replacing) return isAwaited
    }
  }

  /** Frames that links have carried so far; undefined while one is on its way. */
  get frames(): number | undefined {
    return this.#ledger.frames
  }

  async stopIntake(): Promise<void> {
    await this.#all((host) => host.control.stopIntake())
  }

  /** Stops all hosts; what does not stop by itself is killed at `deadline`. */
  async stop(deadline: Promise<unknown>): Promise<void> {
    this.#stopping = true
    for (const slot of this.slots) this.#blocked.leave(slot)
    await Promise.race([this.#replacing, deadline])
    await Promise.all(
      [...this.#running.values()].map(async (host) => {
        const stopped = host.control.stop().then(() => host.thread.ended)
        await Promise.race([stopped, deadline]).catch(() => undefined)
        host.thread.kill()
        host.controlPort.close()
        host.reports.close()
      }),
    )
    this.#running.clear()
  }

  /** What each host took into hand last; of one that is blocked, what shared memory tells. */
  async flights(): Promise<Map<number, readonly FlightEntry[]>> {
    const types = [...this.#side.app.actors.keys()]
    const flights = new Map<number, readonly FlightEntry[]>()
    await this.#all(async ({ slot, control, flight }) => {
      flights.set(slot, (await soon(control.flight())) ?? flightOf(flight, types))
    })
    return flights
  }

  /** Connects every host to the store's new thread; one that is coming up connects by itself. */
  async rejoinStore(): Promise<void> {
    const { store } = this.#side
    const rejoined = this.#replacing.then(() =>
      this.#all(async (host) => {
        const port = await store?.connectRemote(host.slot)
        if (port === undefined) return
        host.epoch = await host.control.rejoinStore(moving({ port }, [port]))
      }),
    )
    this.#replacing = rejoined.catch(() => undefined)
    await rejoined
  }

  /** The turn that holds a slot's thread, if one has for a second (F5). */
  blockedIn(slot: number): Blocked | undefined {
    return this.#blocked.of(slot)
  }

  /** Ends a thread at once, whatever it is doing; it is replaced like any that dies. */
  kill(slot: number): boolean {
    const host = this.#running.get(slot)
    host?.thread.kill()
    return host !== undefined
  }

  async #all(act: (host: HostThread) => Promise<unknown>): Promise<void> {
    // A host that dies meanwhile is replaced; its part of the work goes with it.
    await Promise.all([...this.#running.values()].map((host) => act(host).catch(() => undefined)))
  }

  // ── starting ──────────────────────────────────────────────────────────────────────────────────

  async #startHost(slot: number, begun?: number): Promise<HostThread> {
    const epoch = begun ?? (await this.#side.beginEpoch(slot))
    const host = await startHost(this.#side, slot, epoch)
    this.#side.started(slot)
    return host
  }

  /** Links a host with the main thread and with every other host that is not linked to it yet. */
  async #linkAll(host: HostThread): Promise<void> {
    for (const other of [mainSlot, ...this.#running.keys()]) {
      if (other === host.slot || this.#ledger.has(host.slot, other)) continue
      await this.#link(host, other)
    }
  }

  async #link(host: HostThread, other: number): Promise<void> {
    const there = this.#ledger.open(host.slot, other)
    const back = this.#ledger.open(other, host.slot)
    const { port1, port2 } = new MessageChannel()
    await host.control.link(
      end({ slot: other, port: port1, sent: there.shared, received: back.shared }),
    )
    const theirs = { slot: host.slot, port: port2, sent: back.shared, received: there.shared }
    if (other === mainSlot) this.#side.links.add(theirs)
    else await this.#running.get(other)?.control.link(end(theirs))
  }

  // ── death and replacement (F4) ────────────────────────────────────────────────────────────────

  #watch(host: HostThread): void {
    this.#blocked.watch({
      slot: host.slot,
      busy: host.busy,
      running: () => host.counters.sum(Count.running),
      idle: () => this.#side.pool.idleOf(host.threadId),
    })
    host.death.catch((error: unknown) => {
      if (this.#stopping || this.#running.get(host.slot) !== host) return
      this.#running.delete(host.slot)
      this.#blocked.leave(host.slot)
      this.#replacing = this.#replacing
        .then(() => this.#replace(host, error))
        .catch((failure) => this.#failed(host.slot, failure))
    })
  }

  async #replace(host: HostThread, error: unknown): Promise<void> {
    const { faults } = this.#side
    faults?.('host:lost')
    this.#hearOut(host)
    // First of all: whatever the dead generation still has under way is refused from here on, so
    // that what the store shows next is all there will ever be of it.
    const epoch = await this.#nextEpoch(host.slot)
    faults?.('host:fenced')
    await this.#unlink(host.slot)
    await this.#side.lost(host, error, this.#ledger.take(host.slot))
    faults?.('host:settled')
    if (this.#stopping) return
    if (this.#deaths.count(host.slot) >= maxDeaths) return this.#retire(host.slot)
    await this.#comeUp(host.slot, epoch)
  }

  /** Without an epoch nothing of a slot may be touched: a store that fails meanwhile is waited for (D5). */
  async #nextEpoch(slot: number): Promise<number> {
    for (let failures = 0; ; failures += 1) {
      try {
        return await this.#side.beginEpoch(slot)
      } catch (error) {
        if (this.#stopping) throw error
        await this.#pause(failures)
      }
    }
  }

  /** The other threads keep the process; a pause alone must not. */
  async #pause(failures: number): Promise<void> {
    const pause = Math.min(5_000, 50 * 2 ** failures)
    await new Promise((resolve) => setTimeout(resolve, pause).unref())
  }

  async #comeUp(slot: number, epoch?: number): Promise<void> {
    const next = await this.#startHost(slot, epoch)
    this.#side.faults?.('host:up')
    this.#running.set(slot, next)
    // From here on its death is one like any other: half a link must be taken apart again.
    this.#watch(next)
    try {
      await this.#settleIn(next)
    } catch {
      next.thread.kill()
    }
  }

  async #settleIn(host: HostThread): Promise<void> {
    await this.#linkAll(host)
    await this.#all((other) => other.control.replaced(host.slot))
    await host.control.tryAlone(await this.#side.suspectsOf(host.slot))
    await host.control.go()
  }

  /** A replacement that does not come up counts as a death, after a pause that grows. */
  #failed(slot: number, failure: unknown): void {
    if (this.#stopping) return
    const deaths = this.#deaths.count(slot)
    this.#side.reported(slot, { kind: 'unhandled', error: describe(failure) })
    this.#replacing = this.#replacing
      .then(() => (deaths >= maxDeaths ? this.#retire(slot) : this.#retryLater(slot, deaths)))
      .catch((error) => this.#failed(slot, error))
  }

  async #retryLater(slot: number, deaths: number): Promise<void> {
    await this.#pause(deaths)
    if (!this.#stopping) await this.#comeUp(slot)
  }

  /** Everybody takes in what the dead host still sent, and buries what it will not answer. */
  async #unlink(slot: number): Promise<void> {
    this.#side.links.lose(slot)
    await this.#all((other) => other.control.unlink(slot))
  }

  /** What it reported before it died. */
  #hearOut({ slot, reports, controlPort }: HostThread): void {
    for (let next = receiveMessageOnPort(reports); next; next = receiveMessageOnPort(reports)) {
      this.#side.reported(slot, next.message as Report)
    }
    reports.close()
    controlPort.close()
  }

  // ── the view of statistics ────────────────────────────────────────────────────────────────────

  counters(): readonly Counters[] {
    return [...this.#running.values()].map((host) => host.counters)
  }

  inTransit(): ReadonlyMap<string, number> {
    return this.#ledger.inTransit()
  }

  async #retire(slot: number): Promise<void> {
    this.#side.placement.retire(slot)
    this.#side.links.retire(slot)
    await this.#all((host) => this.#inherit(host, slot))
    await this.#all((host) => host.control.replaced(slot))
    this.#side.retired(slot)
  }

  /** Actors of a slot that was given up live there too: what may have killed it is tried first (F3). */
  async #inherit({ slot, control }: HostThread, retired: number): Promise<void> {
    await control.tryAlone(await this.#side.suspectsOf(slot))
    await control.retire(retired)
    await control.go()
  }
}

function end(start: LinkStart): LinkStart {
  return moving(start, [start.port])
}

function describe(error: unknown): { name: string; message: string; stack?: string } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, stack } = error
  return stack === undefined ? { name, message } : { name, message, stack }
}
