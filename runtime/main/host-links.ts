/**
 * Who is linked with whom: every host with the main thread and with every other host. Owns the pairs
 * of ports and what each link carried (`link-ledger.ts`); the links themselves are the threads' own.
 */
import { MessageChannel } from 'node:worker_threads'
import type { PeerLinks } from '../peer/peer-links.ts'
import { moving } from '../wire/control.ts'
import type { LinkStart } from '../wire/host-control.ts'
import { mainSlot } from '../wire/placement.ts'
import type { LinkLosses } from './host-losses.ts'
import type { HostThread } from './host-thread.ts'
import { LinkLedger } from './link-ledger.ts'
import type { RunningHosts } from './running-hosts.ts'

export class HostLinks {
  readonly #main: PeerLinks
  readonly #running: RunningHosts
  readonly #ledger: LinkLedger

  /** @param main links of the main thread itself */
  constructor(main: PeerLinks, running: RunningHosts, types: Iterable<string>) {
    this.#main = main
    this.#running = running
    this.#ledger = new LinkLedger(types)
  }

  /** Links a host with the main thread and with every other host that is not linked to it yet. */
  async join(host: HostThread): Promise<void> {
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
    if (other === mainSlot) this.#main.add(theirs)
    else await this.#running.get(other)?.control.link(end(theirs))
  }

  /** Everybody takes in what a dead host still sent, and buries what it will not answer. */
  async part(slot: number): Promise<void> {
    this.#main.lose(slot)
    await this.#running.all((other) => other.control.unlink(slot))
  }

  /** What the links of a dead host carried, taken out of the account: after {@link part}, once. */
  take(slot: number): LinkLosses {
    return this.#ledger.take(slot)
  }

  /** Frames that links have carried so far; undefined while one is on its way. */
  get frames(): number | undefined {
    return this.#ledger.frames
  }

  /** Messages on their way, per actor type. */
  inTransit(): ReadonlyMap<string, number> {
    return this.#ledger.inTransit()
  }
}

function end(start: LinkStart): LinkStart {
  return moving(start, [start.port])
}
