/**
 * A world for durable actors: one thread of the real runtime under a virtual clock, over a store that
 * outlives it. `crash` drops the thread with all that it remembered and starts a new one on the same
 * store, as a fresh process would. Acks can be held back, commits can be made to fail.
 */

import assert from 'node:assert/strict'
import { type AnyDefinition, renamedTypes } from '../../actors/app.ts'
import type { DurableCell } from '../../actors/cell/durable-cell.ts'
import type { CellEvent } from '../../actors/cell/ports.ts'
import type { Contract, Messages } from '../../actors/contract.ts'
import type { Ref } from '../../actors/ref.ts'
import { type Accounting, Count, imbalance, sumRows } from '../../mailbox/accounting.ts'
import { typeOf } from '../../mailbox/address.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { HistoryStore } from '../../persistence/history-store.ts'
import { MemoryMedium } from '../../persistence/memory-store.ts'
import { openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import type { Store } from '../../persistence/store.ts'
import type { StoredRecord } from '../../persistence/stored.ts'
import { Counters } from '../../runtime/peer/counters.ts'
import { JournalClient } from '../../runtime/peer/journal.ts'
import { Outside } from '../../runtime/peer/outside.ts'
import { Peer } from '../../runtime/peer/peer.ts'
import { StoreClient } from '../../runtime/peer/store-client.ts'
import { Waker } from '../../runtime/peer/waker.ts'
import { openInlineStore } from '../../runtime/store/inline-store.ts'
import type { FromStore } from '../../runtime/store/protocol.ts'
import type { StoreService } from '../../runtime/store/store-service.ts'
import { mainSlot, Placement } from '../../runtime/wire/placement.ts'

/** What outlives a crash. */
export interface Engine {
  /** Opens the history as a fresh process does. */
  open(now: () => number, renamed: ReadonlyMap<string, string>): Store
  close(): void
}

export type Fault = 'before' | 'after' | undefined

/** A memory whose transactions can be made to fail, before or after they really happened. */
class FaultyMedium extends MemoryMedium {
  readonly #next: () => Fault

  constructor(next: () => Fault) {
    super()
    this.#next = next
  }

  override transaction<T>(work: () => T): T {
    const fault = this.#next()
    if (fault !== 'before') {
      const result = super.transaction(work)
      if (fault === 'after') throw injected('after')
      return result
    }
    return super.transaction(() => {
      work()
      throw injected('before')
    })
  }
}

function injected(when: string): TroupeError {
  return new TroupeError('STORE_STALLED', `injected ${when} the commit`)
}

/** History in memory that survives the harness. */
export function memoryEngine(): Engine & { fault: () => Fault } {
  const engine = {
    fault: (): Fault => undefined,
    open: (now: () => number, renamed: ReadonlyMap<string, string>): Store =>
      new HistoryStore(medium, { now, renamed }),
    close: () => undefined,
  }
  const medium = new FaultyMedium(() => engine.fault())
  return engine
}

/** History in a real file. A killed process leaves it as it is; its lock goes with the process. */
export function sqliteEngine(file: string): Engine {
  let open: Store | undefined
  const close = (): void => open?.close()
  return {
    open(now, renamed) {
      close()
      open = openSqliteStore(file, { now, renamed })
      return open
    },
    close,
  }
}

export interface Letter {
  readonly envelope: Envelope
  readonly reason: DeadLetterReason
  readonly error: unknown
  readonly position: number | undefined
}

export interface WorldOptions {
  readonly actors: readonly AnyDefinition[]
  readonly engine?: Engine
  readonly development?: boolean
  readonly residency?: number
  /** Bytes of store credit (M5). */
  readonly credit?: number
  readonly deps?: () => unknown
  /** Wall time in ms at which the first process starts. */
  readonly wall?: number
}

const slot = mainSlot + 1

export class World {
  readonly clock: VirtualClock
  readonly peer: Peer
  readonly outside: Outside
  readonly journal: JournalClient
  readonly store: Store
  readonly service: StoreService
  readonly events: CellEvent[] = []
  readonly letters: Letter[] = []
  readonly #options: WorldOptions
  readonly #engine: Engine
  readonly #counters: Counters
  readonly #jobs: (() => void)[] = []
  #held: (() => void)[] | undefined

  constructor(options: WorldOptions) {
    this.#options = options
    this.#engine = options.engine ?? memoryEngine()
    this.clock = new VirtualClock(options.wall)
    const actors = new Map(options.actors.map((actor) => [actor.contract.type, actor]))
    this.#counters = new Counters(actors.keys())
    const soon = (run: () => void): void => void this.#jobs.push(run)
    this.store = this.#engine.open(() => this.clock.wall(), renamedTypes(actors))
    this.peer = new Peer({
      slot: mainSlot,
      actors,
      deps: options.deps,
      placement: new Placement({ shared: 0, pinned: new Map() }),
      clock: this.clock,
      counters: this.#counters,
      origin: this.store.reserveOrigins(1),
      development: options.development ?? true,
      ...(options.residency !== undefined && { residency: options.residency }),
      sink: {
        event: (event) => this.events.push(event),
        deadLetter: (envelope, reason, error, position) =>
          this.letters.push({ envelope, reason, error, position }),
        log: () => undefined,
      },
      jitter: () => 1,
      soon,
    })
    const inline = openInlineStore(this.store, this.clock, soon)
    this.service = inline.service
    const epoch = this.store.beginEpoch(slot)
    const identity = { slot, epoch, position: this.store.position }
    const client: StoreClient = new StoreClient({ post: (message) => send(message) })
    const send = inline.connect(slot, (message) => this.#fromStore(client, message))
    this.journal = new JournalClient(
      client,
      identity,
      this.peer,
      ...(options.credit === undefined ? [] : [options.credit]),
    )
    this.peer.journal = this.journal
    client.listen({
      acked: (ack) => this.journal.acked(ack),
      lost: (seq) => this.journal.lost(seq),
      arrived: (ids) => {
        for (const actor of ids) this.peer.arrivedInStore(actor)
      },
      state: () => undefined,
    })
    this.outside = new Outside(this.peer)
    this.#count()
    this.peer.waker = new Waker(client, this.peer)
    this.peer.waker.begin()
    this.service.start()
  }

  /** What boot does: what the store holds counts as accepted again. */
  #count(): void {
    let after: number | undefined
    do {
      const page = this.store.wakeList(after, 100)
      for (const { actor, pending } of page.actors) {
        if (pending === 0) continue
        const row = this.#counters.row(typeOf(actor))
        row[Count.accepted] = (row[Count.accepted] as number) + pending
        row[Count.inStore] = (row[Count.inStore] as number) + pending
      }
      after = page.next
    } while (after !== undefined)
  }

  ref<M extends Messages>(contract: Contract<M>, key: string): Ref<M> {
    return this.outside.ref(contract, key)
  }

  cell(id: string): DurableCell | undefined {
    return this.peer.residents.get(id) as DurableCell | undefined
  }

  /** Runs everything that can run without time passing. */
  async settle(): Promise<void> {
    for (;;) {
      for (let turns = 0; turns < 20; turns += 1) await Promise.resolve()
      await new Promise<void>((resolve) => void setImmediate(resolve))
      const ready = this.#jobs.splice(0)
      if (ready.length === 0) return
      for (const job of ready) job()
    }
  }

  /** Moves time, running everything on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.clock.mono() + ms
    await this.settle()
    while (this.clock.step(end - this.clock.mono())) await this.settle()
    this.clock.advance(Math.max(0, end - this.clock.mono()))
    await this.settle()
  }

  /** From now on acks, and what the store says after them, wait for {@link releaseAcks}. */
  holdAcks(): void {
    this.#held ??= []
  }

  async releaseAcks(): Promise<void> {
    const held = this.#held ?? []
    this.#held = undefined
    for (const pass of held) pass()
    await this.settle()
  }

  /** Lets the oldest held acks through and goes on holding. */
  async releaseSome(count: number): Promise<void> {
    for (const pass of this.#held?.splice(0, count) ?? []) pass()
    await this.settle()
  }

  #fromStore(client: StoreClient, message: FromStore): void {
    const pass = (): void => client.receive(message)
    // Answers overtake only where nothing is held: the order of the wire is kept.
    if (this.#held === undefined || message.kind === 'answer') pass()
    else this.#held.push(pass)
  }

  /** The process dies here. Wall time goes on; everything else starts anew on the same store. */
  crash(after = 0, changes: Partial<WorldOptions> = {}): World {
    return new World({
      ...this.#options,
      engine: this.#engine,
      wall: this.clock.wall() + after,
      ...changes,
    })
  }

  accounting(type: string): Accounting {
    return sumRows([this.#counters.row(type)])
  }

  imbalance(): number {
    return imbalance(sumRows(this.#counters.rows.values()))
  }

  /** At rest: every message is accounted for, and nothing waits in the store unseen (M4). */
  assertBalanced(): void {
    assert.equal(this.imbalance(), 0)
    for (const [type, row] of this.#counters.rows) {
      const sum = sumRows([row])
      assert.equal(imbalance(sum), 0, type)
      for (const [name, value] of Object.entries(sum))
        assert.ok(value >= 0, `${type}.${name} ${value}`)
    }
  }

  /** All records of the history, in order. */
  records(): StoredRecord[] {
    const found: StoredRecord[] = []
    for (let position = 1; position <= this.store.position; position += 1) {
      const record = this.store.record(position)
      if (record === undefined || 'detail' in record) assert.fail(`no record ${position}`)
      found.push(record)
    }
    return found
  }
}
