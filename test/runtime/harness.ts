/**
 * One thread of the runtime under a test's control: real cells, peer and store service, a virtual
 * clock, and `settle`, which runs the event loop until nothing is left to do.
 */
import type { AnyDefinition } from '../../actors/app.ts'
import type { CellEvent, LogLevel } from '../../actors/cell/ports.ts'
import type { Contract, Messages } from '../../actors/contract.ts'
import type { Ref } from '../../actors/ref.ts'
import { type Accounting, imbalance, sumRows } from '../../mailbox/accounting.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { openMemoryStore } from '../../persistence/memory-store.ts'
import type { Store } from '../../persistence/store.ts'
import { Counters } from '../../runtime/peer/counters.ts'
import { JournalClient } from '../../runtime/peer/journal.ts'
import { Outside } from '../../runtime/peer/outside.ts'
import { Peer } from '../../runtime/peer/peer.ts'
import { StoreClient } from '../../runtime/peer/store-client.ts'
import { openInlineStore } from '../../runtime/store/inline-store.ts'
import type { StoreService } from '../../runtime/store/store-service.ts'
import { mainSlot, Placement } from '../../runtime/wire/placement.ts'

export interface Letter {
  readonly envelope: Envelope
  readonly reason: DeadLetterReason
  readonly error: unknown
}

/** One line of `ctx.log`. */
export interface Line {
  readonly level: LogLevel
  readonly actor: string
  readonly message: string
  readonly fields: unknown
}

export interface Harness {
  readonly clock: VirtualClock
  readonly peer: Peer
  readonly outside: Outside
  readonly events: CellEvent[]
  readonly letters: Letter[]
  readonly lines: Line[]
  readonly service: StoreService | undefined
  ref<M extends Messages>(contract: Contract<M>, key: string): Ref<M>
  /** Runs everything that can run without time passing. */
  settle(): Promise<void>
  /** Moves time, running everything on the way. */
  advance(ms: number): Promise<void>
  accounting(type: string): Accounting
  /** Sum over all types, asserted to balance. */
  imbalance(): number
}

export interface HarnessOptions {
  readonly actors: readonly AnyDefinition[]
  readonly store?: Store
  readonly durable?: boolean
  readonly deps?: () => unknown
  readonly development?: boolean
  readonly residency?: number
  readonly clock?: VirtualClock
  /** The thread of this slot, one of two. Default: the only thread there is. */
  readonly slot?: 0 | 1
}

export function harness(options: HarnessOptions): Harness {
  const clock = options.clock ?? new VirtualClock()
  const actors = new Map(options.actors.map((actor) => [actor.contract.type, actor]))
  const events: CellEvent[] = []
  const letters: Letter[] = []
  const lines: Line[] = []
  const jobs: (() => void)[] = []
  const soon = (run: () => void): void => void jobs.push(run)
  const counters = new Counters(actors.keys())
  const peer = new Peer({
    slot: options.slot ?? mainSlot,
    actors,
    deps: options.deps,
    placement: new Placement({ shared: options.slot === undefined ? 0 : 2, pinned: new Map() }),
    clock,
    counters,
    origin: 1,
    development: options.development ?? true,
    ...(options.residency !== undefined && { residency: options.residency }),
    sink: {
      event: (event) => events.push(event),
      deadLetter: (envelope, reason, error) => letters.push({ envelope, reason, error }),
      log: (level, actor, message, fields) => lines.push({ level, actor, message, fields }),
    },
    jitter: () => 1,
    soon,
  })
  const store =
    options.store ?? (options.durable ? openMemoryStore({ now: () => clock.wall() }) : undefined)
  const service = store && connect(peer, store, clock, soon)
  const outside = new Outside(peer)
  const settle = async (): Promise<void> => {
    for (;;) {
      for (let turns = 0; turns < 20; turns += 1) await Promise.resolve()
      await new Promise<void>((resolve) => void setImmediate(resolve))
      const ready = jobs.splice(0)
      if (ready.length === 0) return
      for (const job of ready) job()
    }
  }
  return {
    clock,
    peer,
    outside,
    events,
    letters,
    lines,
    service,
    ref: (contract, key) => outside.ref(contract, key),
    settle,
    async advance(ms) {
      const end = clock.mono() + ms
      await settle()
      while (clock.step(end - clock.mono())) await settle()
      clock.advance(Math.max(0, end - clock.mono()))
      await settle()
    },
    accounting: (type) => sumRows([counters.row(type)]),
    imbalance: () => imbalance(sumRows(counters.rows.values())),
  }
}

function connect(
  peer: Peer,
  store: Store,
  clock: VirtualClock,
  soon: (run: () => void) => void,
): StoreService {
  const inline = openInlineStore(store, clock, soon)
  const client: StoreClient = new StoreClient({ post: (message) => send(message) })
  const send = inline.connect(mainSlot + 1, (message) => client.receive(message))
  const slot = mainSlot + 1
  const identity = { slot, epoch: store.beginEpoch(slot), position: store.position }
  const journal = new JournalClient(client, identity, peer)
  peer.journal = journal
  client.listen({
    acked: (ack) => journal.acked(ack),
    lost: (seq) => journal.lost(seq),
    arrived: (actors) => {
      for (const actor of actors) peer.arrivedInStore(actor)
    },
    state: () => undefined,
  })
  inline.service.start()
  return inline.service
}
