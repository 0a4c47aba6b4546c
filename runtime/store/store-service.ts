/**
 * The store's thread, without the thread: takes frames from its clients, commits what has arrived as
 * one group, and tells its clients what came of it. Questions (`answering.ts`), durable timers
 * (`timer-writer.ts`), upkeep (`upkeep.ts`) and failures (`stall.ts`) are parts of it.
 *
 * While the store fails frames are dropped until their client has heard what was lost (D5).
 *
 * Invariant: an ack or an answer is posted only after the transaction that it speaks of returned.
 */
import { encodeError } from '../../actors/cell/error-data.ts'
import type { Clock } from '../../mailbox/clock.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import type { Frame } from '../../persistence/segment.ts'
import type { Ack, Store, Tail } from '../../persistence/store.ts'
import type { Quarantined } from '../../persistence/suspects-file.ts'
import { Answering } from './answering.ts'
import type { FromStore, ToStore, UpkeepFailure, Wire } from './protocol.ts'
import { Stall } from './stall.ts'
import { acksOfTail } from './tail-acks.ts'
import { TimerWriter } from './timer-writer.ts'
import { archiveSlot, Upkeep } from './upkeep.ts'

/** One connected thread. */
interface Client {
  readonly slot: number
  readonly wire: Wire<FromStore>
  /** It has not yet heard what a failure lost: its frames are not the next ones. */
  deaf: boolean
}

export interface ServiceOptions {
  /** Records after which a checkpoint is due (D7). */
  readonly checkpointEvery?: number | undefined
  /** Ms after which one is due. */
  readonly checkpointAfter?: number | undefined
  readonly faults?: Faults | undefined
}

export class StoreService {
  readonly #store: Store
  readonly #soon: (run: () => void) => void
  readonly #faults: Faults | undefined
  readonly #clients = new Map<number, Client>()
  readonly #answering: Answering
  readonly #stall: Stall
  readonly #timers: TimerWriter
  readonly #upkeep: Upkeep
  #upkeepFails = false
  #frames: Frame[] = []
  #scheduled = false
  #position: number
  #closed = false

  /**
   * @param soon runs a function after what has arrived was taken in
   */
  constructor(
    store: Store,
    clock: Clock,
    soon: (run: () => void) => void,
    { checkpointEvery, checkpointAfter, faults }: ServiceOptions = {},
  ) {
    this.#store = store
    this.#soon = soon
    this.#faults = faults
    this.#upkeep = new Upkeep(store, {
      every: checkpointEvery,
      after: checkpointAfter,
      now: () => clock.wall(),
    })
    this.#position = store.position
    const stall = new Stall(clock, {
      reopen: () => store.reopen(),
      stalled: (error) => this.#stalled(error),
      stillStalled: (error) => this.#state(true, error),
      resumed: (tail) => this.#resumed(tail),
    })
    this.#stall = stall
    const isBusy = (): boolean => this.#frames.length > 0 || this.#timers.isDue
    this.#answering = new Answering(store, {
      get isStalled() {
        return stall.isOn
      },
      get isBusy() {
        return isBusy()
      },
      failed: (error) => stall.begin(error),
    })
    this.#timers = new TimerWriter(
      store,
      clock,
      (frame) => this.#accept(frame),
      (error) => stall.begin(error),
      faults,
    )
  }

  /** Connects a client; a new one for the same slot replaces the old. */
  connect(slot: number, wire: Wire<FromStore>): (message: ToStore) => void {
    const client = { slot, wire, deaf: false }
    this.#clients.set(slot, client)
    return (message) => this.#receive(client, message)
  }

  /** Begins to fire timers; before that, overdue ones would come before anybody listens. */
  start(): void {
    this.#timers.begin()
  }

  /** What is in quarantine from now on: its timers stand, and who waits for its answers hears so (F3). */
  quarantine(all: readonly Quarantined[]): void {
    this.#answering.bar(all.flatMap(({ actor, timer }) => (timer === undefined ? [actor] : [])))
    this.#store.withholdTimers(
      all.flatMap(({ actor, timer }) => (timer === undefined ? [] : [{ actor, timer }])),
    )
    if (!this.#stall.isOn) this.#timers.arm()
  }

  get stalledSince(): number | undefined {
    return this.#stall.since
  }

  /** Commits what has arrived and closes the store. */
  close(): void {
    if (this.#closed) return
    this.#commit()
    this.#closed = true
    this.#timers.disarm()
    this.#stall.cancel()
    this.#store.close()
  }

  #receive(client: Client, message: ToStore): void {
    if (this.#clients.get(client.slot) !== client || this.#closed) return
    switch (message.kind) {
      case 'frame':
        if (!client.deaf) this.#accept(message.frame)
        return
      case 'resumed':
        client.deaf = false
        return
      case 'archived':
        return this.#archived(message.failed)
      case 'ask':
        return this.#answering.ask({ ...message, wire: client.wire })
      default:
        message satisfies never
    }
  }

  #accept(frame: Frame): void {
    this.#frames.push(frame)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#soon(() => {
      this.#scheduled = false
      this.#commit()
    })
  }

  // ── commits ───────────────────────────────────────────────────────────────────────────────────

  #commit(): void {
    if (this.#frames.length === 0 || this.#stall.isOn || this.#closed) return
    const frames = this.#frames
    this.#frames = []
    this.#timers.lookAtClock()
    let acks: Ack[]
    try {
      acks = this.#store.commit(frames)
    } catch (error) {
      return this.#stall.begin(error)
    }
    this.#position = this.#store.position
    for (const ack of acks) this.#answer(ack)
    this.#faults?.('commit:answered')
    this.#timers.arm()
    this.#answering.rested()
    this.#keepUp()
  }

  /** What fails goes on: whoever watches is told, when it begins and when it is over. */
  #archived(failed: UpkeepFailure | undefined): void {
    this.#upkeep.done(failed !== undefined)
    if (failed !== undefined || this.#upkeepFails) {
      for (const { wire } of this.#clients.values()) wire.post({ kind: 'upkeep', failed })
    }
    this.#upkeepFails = failed !== undefined
    this.#keepUp()
  }

  /** Gives the archivist its next order, if something is due. A stalled store cannot say what is. */
  #keepUp(): void {
    if (this.#stall.isOn || this.#closed) return
    const archivist = this.#clients.get(archiveSlot)
    const order = archivist && this.#upkeep.order()
    if (order !== undefined) archivist?.wire.post({ kind: 'archive', ...order })
  }

  #answer(ack: Ack): void {
    const { slot, base, count } = ack
    if (this.#timers.owns(slot)) this.#arrived(this.#timers.answered(ack), base + count - 1)
    else this.#clients.get(slot)?.wire.post({ kind: 'ack', ack })
    this.#answering.committed(ack)
  }

  #arrived(actors: readonly string[], position: number): void {
    if (actors.length === 0) return
    for (const client of this.#clients.values()) {
      client.wire.post({ kind: 'arrived', actors, position })
    }
  }

  // ── failure (D5) ──────────────────────────────────────────────────────────────────────────────

  #stalled(error: unknown): void {
    this.#timers.disarm()
    this.#frames = []
    for (const client of this.#clients.values()) client.deaf = true
    this.#state(true, error)
  }

  #resumed(tail: Tail): void {
    this.#tell(tail)
    this.#state(false, undefined)
    this.#answering.resumed()
    this.#timers.arm()
    this.#keepUp()
  }

  /** Clients hear first what was committed after all, then that the rest is lost. */
  #tell(tail: Tail): void {
    for (const ack of acksOfTail(this.#store, this.#position + 1)) this.#answer(ack)
    this.#position = tail.position
    this.#timers.lost(tail)
    for (const client of this.#clients.values()) {
      const seq = tail.clients.find(({ slot }) => slot === client.slot)?.seq ?? 0
      client.wire.post({ kind: 'lost', seq })
    }
  }

  #state(stalled: boolean, error: unknown): void {
    const state = {
      kind: 'state',
      stalled,
      ...(error === undefined ? {} : { error: encodeError(error) }),
    } as const
    for (const client of this.#clients.values()) client.wire.post(state)
  }
}
