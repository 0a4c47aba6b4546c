/**
 * The host threads: one slot each, replaced when they die (F4).
 *
 * Owns who runs, and that one failure leads to one replacement: the death of a thread is seen once, as
 * the rejection of its task. The steps that follow from it are a table (`replacement.ts`), what each of
 * them does is `successors.ts`; who is linked with whom, `host-links.ts`.
 */
import { Count } from '../../mailbox/accounting.ts'
import { typeOf } from '../../mailbox/address.ts'
import type { KilledActor } from '../../persistence/killed-files.ts'
import type { Counters } from '../peer/counters.ts'
import { type FlightEntry, flightOf } from '../peer/flight-recorder.ts'
import { moving } from '../wire/control.ts'
import type { Calm } from '../wire/host-control.ts'
import { slotCount } from '../wire/placement.ts'
import { type Blocked, BlockedHosts } from './blocked-hosts.ts'
import { HostLinks } from './host-links.ts'
import type { HostThread } from './host-thread.ts'
import type { HostsSide } from './hosts-side.ts'
import type { HostsView } from './hosts-view.ts'
import { type Replacement, replace } from './replacement.ts'
import type { Runners } from './runners.ts'
import { RunningHosts } from './running-hosts.ts'
import { soon } from './soon.ts'
import { Successors } from './successors.ts'

export type HostState = 'running' | 'replacing' | 'retired'

export class Hosts implements HostsView, Runners {
  /** All slots, in order. */
  readonly slots: readonly number[]
  readonly running = new RunningHosts()
  readonly #side: HostsSide
  readonly #links: HostLinks
  readonly #blocked: BlockedHosts
  readonly #successors: Successors
  /** Replacements are done one after the other: two at once could link to each other's dead. */
  #replacing: Promise<void> = Promise.resolve()

  constructor(side: HostsSide) {
    this.#side = side
    this.slots = Array.from({ length: slotCount(side.plan) }, (_, slot) => slot)
    this.#links = new HostLinks(side.links, this.running, side.app.actors.keys())
    this.#blocked = new BlockedHosts({
      clock: side.clock,
      limit: (actor) =>
        side.app.actors.get(typeOf(actor))?.behavior.blockLimit ?? side.options.blockLimit,
      blocked: (slot, turn) => side.blocked(slot, turn),
      end: (slot) => void this.kill(slot),
    })
    const watch = (host: HostThread): void => this.#watch(host)
    this.#successors = new Successors(side, this.running, this.#links, watch)
  }

  stateOf(slot: number): HostState {
    if (this.running.has(slot)) return 'running'
    return this.#side.placement.isRetired(slot) ? 'retired' : 'replacing'
  }

  // ── from start to stop ────────────────────────────────────────────────────────────────────────

  /** Starts all slots and links everybody with everybody. */
  async start(): Promise<void> {
    const hosts = await Promise.all(
      this.slots.map(async (slot) =>
        this.#successors.bringUp(slot, await this.#side.beginEpoch(slot)),
      ),
    )
    for (const host of hosts) this.running.set(host.slot, host)
    for (const host of hosts) await this.#links.join(host)
    for (const host of hosts) this.#watch(host)
  }

  async tryAlone(): Promise<void> {
    for (const slot of this.slots) {
      const ward = await this.#side.suspectsOf(slot)
      const host = this.running.get(slot)
      await host?.control.tryAlone(ward).catch(() => undefined)
      await this.#allReplaced()
    }
  }

  async #allReplaced(): Promise<void> {
    for (let last: unknown; last !== this.#replacing; ) {
      last = this.#replacing
      await this.#replacing
    }
  }

  async pardon(key: string, actor: string): Promise<void> {
    await this.running.all((host) => host.control.pardon(key, actor))
  }

  async killed(all: readonly KilledActor[]): Promise<void> {
    await this.running.all((host) => host.control.killed(all))
  }

  async go(): Promise<void> {
    await this.running.all((host) => host.control.go())
  }

  /** No host is missing, and every one is that still. Says whether messages wait for somebody there. */
  async calm(calm: Calm): Promise<boolean> {
    for (;;) {
      await this.#allReplaced()
      const replaced = this.#replacing
      let isAwaited = false
      await this.running.all(async ({ control }) => {
        if (await control.calm(calm)) isAwaited = true
      })
      // One that died meanwhile said nothing of what it had.
      if (replaced === this.#replacing) return isAwaited
    }
  }

  async stopIntake(): Promise<void> {
    await this.running.all((host) => host.control.stopIntake())
  }

  /** Stops all hosts; what does not stop by itself is killed at `deadline`. */
  async stop(deadline: Promise<unknown>): Promise<void> {
    this.#successors.stop()
    for (const slot of this.slots) this.#blocked.leave(slot)
    await Promise.race([this.#replacing, deadline])
    await this.running.all(async (host) => {
      const stopped = host.control.stop().then(() => host.thread.ended)
      await Promise.race([stopped, deadline]).catch(() => undefined)
      host.thread.kill()
      host.controlPort.close()
      host.reports.close()
    })
    this.running.clear()
  }

  /** Connects every host to the store's new thread; one that is coming up connects by itself. */
  async rejoinStore(): Promise<void> {
    const { store } = this.#side
    const rejoined = this.#replacing.then(() =>
      this.running.all(async (host) => {
        const port = await store?.connectRemote(host.slot)
        if (port === undefined) return
        host.epoch = await host.control.rejoinStore(moving({ port }, [port]))
      }),
    )
    this.#replacing = rejoined.catch(() => undefined)
    await rejoined
  }

  /** Ends a thread at once, whatever it is doing; it is replaced like any that dies. */
  kill(slot: number): boolean {
    const host = this.running.get(slot)
    host?.thread.kill()
    return host !== undefined
  }

  // ── what is seen from outside ─────────────────────────────────────────────────────────────────

  /** What each host took into hand last; of one that is blocked, what shared memory tells. */
  async flights(): Promise<Map<number, readonly FlightEntry[]>> {
    const types = [...this.#side.app.actors.keys()]
    const flights = new Map<number, readonly FlightEntry[]>()
    await this.running.all(async ({ slot, control, flight }) => {
      flights.set(slot, (await soon(control.flight())) ?? flightOf(flight, types))
    })
    return flights
  }

  /** The turn that holds a slot's thread, if one has for a second (F5). */
  blockedIn(slot: number): Blocked | undefined {
    return this.#blocked.of(slot)
  }

  counters(): readonly Counters[] {
    return [...this.running.values()].map((host) => host.counters)
  }

  inTransit(): ReadonlyMap<string, number> {
    return this.#links.inTransit()
  }

  /** Frames that links have carried so far; undefined while one is on its way. */
  get frames(): number | undefined {
    return this.#links.frames
  }

  // ── death (F4) ────────────────────────────────────────────────────────────────────────────────

  #watch(host: HostThread): void {
    const { slot } = host
    this.#blocked.watch({
      slot,
      busy: host.busy,
      running: () => host.counters.sum(Count.running),
      idle: () => this.#side.pool.idleOf(host.threadId),
    })
    host.death.catch((error: unknown) => {
      if (this.#successors.isStopping || this.running.get(slot) !== host) return
      this.running.delete(slot)
      this.#blocked.leave(slot)
      this.#replace({ at: 'lost', slot, dead: host, error })
    })
  }

  #replace(from: Replacement): void {
    this.#replacing = this.#replacing.then(() => replace(from, this.#successors))
  }
}
