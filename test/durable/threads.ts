/**
 * Two threads of the real runtime and their store on one: the main thread, which only sends, and a host
 * that runs the actors. What is on its way to any of them comes when the test says so, in the order of its
 * own port: so every order that an event loop could choose can be had, again and again.
 *
 * Between two steps only promises go on. The ports are real; the event loop never gets to them.
 */
import { MessageChannel } from 'node:worker_threads'
import { type AnyDefinition, renamedTypes } from '../../actors/app.ts'
import type { Contract, Messages } from '../../actors/contract.ts'
import type { Ref } from '../../actors/ref.ts'
import { imbalance, sumRows } from '../../mailbox/accounting.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import { HistoryStore } from '../../persistence/history-store.ts'
import { MemoryMedium } from '../../persistence/memory-store.ts'
import { Counters } from '../../runtime/peer/counters.ts'
import { Outside } from '../../runtime/peer/outside.ts'
import { Peer } from '../../runtime/peer/peer.ts'
import { PeerLinks } from '../../runtime/peer/peer-links.ts'
import { StoreConnection } from '../../runtime/peer/store-connection.ts'
import { type InlineStore, openInlineStore } from '../../runtime/store/inline-store.ts'
import type { FromStore } from '../../runtime/store/protocol.ts'
import { LinkCounts } from '../../runtime/wire/link-counts.ts'
import { mainSlot, Placement } from '../../runtime/wire/placement.ts'

/** One of the two, and what is on its way to it. */
class Thread {
  readonly peer: Peer
  readonly links: PeerLinks
  readonly #jobs: (() => void)[] = []
  readonly #fromStore: FromStore[] = []
  readonly #receive: (message: FromStore) => void

  constructor(actors: readonly AnyDefinition[], parts: Shared, slot: number, origin: number) {
    const byType = new Map(actors.map((actor) => [actor.contract.type, actor]))
    this.peer = new Peer({
      slot,
      actors: byType,
      deps: undefined,
      placement: new Placement({ shared: 1, pinned: new Map() }),
      clock: parts.clock,
      counters: parts.counters,
      origin,
      development: false,
      sink: { event: () => undefined, deadLetter: () => undefined, log: () => undefined },
      jitter: () => 1,
      soon: (run) => void this.#jobs.push(run),
    })
    this.links = new PeerLinks(this.peer, byType.keys())
    const storeSlot = slot + 10
    const send = parts.inline.connect(storeSlot, (message) => this.#fromStore.push(message))
    const epoch = parts.store.beginEpoch(storeSlot)
    const identity = { slot: storeSlot, epoch, position: parts.store.position }
    const connection = new StoreConnection(this.peer, { post: send }, identity)
    this.#receive = (message) => connection.receive(message)
  }

  /** Its actors and its outgoing frames have a go. */
  async run(): Promise<boolean> {
    const jobs = this.#jobs.splice(0)
    for (const job of jobs) job()
    await promises()
    return jobs.length > 0
  }

  /** Its event loop brings the next message of the store. */
  async hear(): Promise<boolean> {
    const message = this.#fromStore.shift()
    if (message !== undefined) this.#receive(message)
    await promises()
    return message !== undefined
  }

  /** Its event loop brings what the other thread has sent. */
  async read(): Promise<void> {
    this.peer.takeIn()
    await promises()
  }
}

interface Shared {
  readonly clock: VirtualClock
  readonly counters: Counters
  readonly store: HistoryStore
  readonly inline: InlineStore
}

/** Lets everything go on that waits for promises only. */
async function promises(): Promise<void> {
  for (let turns = 0; turns < 60; turns += 1) await undefined
}

export class Threads {
  readonly main: Thread
  readonly host: Thread
  readonly #outside: Outside
  readonly #counters: Counters
  readonly #types: readonly string[]
  readonly #storeJobs: (() => void)[] = []

  /** They are not linked yet: each takes the other's thread for one that is being replaced. */
  constructor(actors: readonly AnyDefinition[]) {
    const types = actors.map(({ contract }) => contract.type)
    const byType = new Map(actors.map((actor) => [actor.contract.type, actor]))
    const time = new VirtualClock()
    const store = new HistoryStore(new MemoryMedium(), {
      now: () => time.wall(),
      renamed: renamedTypes(byType),
    })
    this.#counters = new Counters(types)
    const inline = openInlineStore(store, time, (run) => void this.#storeJobs.push(run))
    const shared = { clock: time, counters: this.#counters, store, inline }
    this.main = new Thread(actors, shared, mainSlot, 1)
    this.host = new Thread(actors, shared, 0, 2)
    this.#types = types
    this.#outside = new Outside(this.main.peer)
  }

  link(): void {
    const { port1, port2 } = new MessageChannel()
    const [there, back] = [new LinkCounts(this.#types).shared, new LinkCounts(this.#types).shared]
    this.main.links.add({ slot: 0, port: port1, sent: there, received: back })
    this.host.links.add({ slot: mainSlot, port: port2, sent: back, received: there })
  }

  ref<M extends Messages>(contract: Contract<M>, key: string): Ref<M> {
    return this.#outside.ref(contract, key)
  }

  /** The store takes in what has come and commits it. */
  async commit(): Promise<boolean> {
    const jobs = this.#storeJobs.splice(0)
    for (const job of jobs) job()
    await promises()
    return jobs.length > 0
  }

  /** Goes on until nothing is on its way; the host is left out if it stands still. */
  async rest(isHostStill = false): Promise<void> {
    for (let moved = true; moved; ) {
      await this.main.read()
      moved = (await this.main.run()) || (await this.commit()) || (await this.main.hear())
      if (isHostStill) continue
      await this.host.read()
      moved = (await this.host.run()) || (await this.host.hear()) || moved
    }
  }

  /** At rest: every message is accounted for (M4). */
  get imbalance(): number {
    return imbalance(sumRows(this.#counters.rows.values()))
  }

  close(): void {
    this.main.links.close()
    this.host.links.close()
  }
}
