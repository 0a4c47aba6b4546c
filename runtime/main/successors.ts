/**
 * What each step of a replacement does to threads, links and accounts; `replacement.ts` says in which
 * order. Owns how often each slot died of late, and whether anybody is replaced at all.
 */
import { receiveMessageOnPort } from 'node:worker_threads'
import { encodeError } from '../../actors/cell/error-data.ts'
import type { Beginning } from '../store/protocol.ts'
import type { Report } from '../wire/host-control.ts'
import type { HostLinks } from './host-links.ts'
import type { LinkLosses } from './host-losses.ts'
import { type HostThread, startHost } from './host-thread.ts'
import type { HostsSide } from './hosts-side.ts'
import type { ReplacementPoint, ReplacementSide } from './replacement.ts'
import type { RunningHosts } from './running-hosts.ts'
import { SlotDeaths } from './slot-deaths.ts'

/** Longest pause in ms between two tries of a step. */
const longestPause = 5_000

export class Successors implements ReplacementSide {
  readonly #side: HostsSide
  readonly #running: RunningHosts
  readonly #links: HostLinks
  readonly #watch: (host: HostThread) => void
  readonly #deaths: SlotDeaths
  #stopping = false

  /** @param watch told of each new thread, whose death it will see */
  constructor(
    side: HostsSide,
    running: RunningHosts,
    links: HostLinks,
    watch: (host: HostThread) => void,
  ) {
    this.#side = side
    this.#running = running
    this.#links = links
    this.#watch = watch
    this.#deaths = new SlotDeaths(side.clock)
  }

  get isStopping(): boolean {
    return this.#stopping
  }

  /** Nobody is replaced from now on. */
  stop(): void {
    this.#stopping = true
  }

  passed(point: ReplacementPoint): void {
    this.#side.faults?.(point)
  }

  died(slot: number): number {
    return this.#deaths.count(slot)
  }

  failed(slot: number, failure: unknown): void {
    this.#side.reported(slot, { kind: 'unhandled', error: encodeError(failure) })
  }

  /** The other threads keep the process; a pause alone must not. */
  async pause(failures: number): Promise<void> {
    const ms = Math.min(longestPause, 50 * 2 ** failures)
    await new Promise((resolve) => setTimeout(resolve, ms).unref())
  }

  hearOut({ slot, reports, controlPort }: HostThread): void {
    for (let next = receiveMessageOnPort(reports); next; next = receiveMessageOnPort(reports)) {
      this.#side.reported(slot, next.message as Report)
    }
    reports.close()
    controlPort.close()
  }

  /** Without an epoch nothing of a slot may be touched: a store that fails meanwhile is waited for (D5). */
  async fence(slot: number): Promise<Beginning> {
    for (let failures = 0; ; failures += 1) {
      try {
        return await this.#side.beginEpoch(slot)
      } catch (error) {
        if (this.#stopping) throw error
        await this.pause(failures)
      }
    }
  }

  async unlink(dead: HostThread, error: unknown): Promise<LinkLosses> {
    await this.#links.part(dead.slot)
    this.#side.lost(dead, error)
    return this.#links.take(dead.slot)
  }

  settle(dead: HostThread, links: LinkLosses): Promise<void> {
    return this.#side.settle(dead, links)
  }

  /** A thread that answers; nobody is linked to it yet. */
  async bringUp(slot: number, beginning: Beginning): Promise<HostThread> {
    const host = await startHost(this.#side, slot, beginning)
    this.#side.started(host)
    return host
  }

  async start(slot: number, beginning: Beginning): Promise<HostThread> {
    const host = await this.bringUp(slot, beginning)
    this.#running.set(slot, host)
    this.#watch(host)
    return host
  }

  async settleIn(host: HostThread): Promise<void> {
    await this.#links.join(host)
    await this.#running.all((other) => other.control.replaced(host.slot))
    await host.control.killed(this.#side.killed())
    await host.control.tryAlone(await this.#side.suspectsOf(host.slot))
    await host.control.go()
  }

  async retire(slot: number): Promise<void> {
    this.#side.placement.retire(slot)
    this.#side.links.retire(slot)
    await this.#running.all((host) => this.#inherit(host, slot))
    await this.#running.all((host) => host.control.replaced(slot))
    this.#side.retired(slot)
  }

  /** Actors of a slot that was given up live there too: what may have killed it is tried first (F3). */
  async #inherit({ slot, control }: HostThread, retired: number): Promise<void> {
    await control.tryAlone(await this.#side.suspectsOf(slot))
    await control.retire(retired)
    await control.go()
  }
}
