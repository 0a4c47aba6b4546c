/**
 * The store's thread, without the thread: takes frames from its clients, commits what has arrived as
 * one group, answers questions in between, fires durable timers, and gets over failures (D5).
 *
 *   open ── commit throws ──► stalled ── reopened ──► open
 *
 * In `stalled` frames are dropped until their client has heard what was lost; questions wait.
 *
 * Invariant: an ack or an answer is posted only after the transaction that it speaks of returned.
 */
import { encodeError } from '../../actors/cell/error-data.ts'
import type { CancelAlarm, Clock } from '../../mailbox/clock.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import type { Frame } from '../../persistence/segment.ts'
import type { Ack, Store, Tail } from '../../persistence/store.ts'
import type { StoredRecord } from '../../persistence/stored.ts'
import type { FromStore, Question, Questions, ToStore, UpkeepFailure, Wire } from './protocol.ts'
import { answerQuestion } from './questions.ts'
import { acksOfTail } from './tail-acks.ts'
import { type FrameEnd, type Tally, tallyOf } from './tally.ts'
import { TimerWriter } from './timer-writer.ts'
import { archiveSlot, Upkeep } from './upkeep.ts'

/** One connected thread. */
interface Client {
  readonly slot: number
  readonly wire: Wire<FromStore>
  /** It has not yet heard what a failure lost: its frames are not the next ones. */
  deaf: boolean
}

interface Waiter {
  readonly client: Client
  readonly id: number
  readonly actor: string
  readonly ownId: string
}

/** Questions that write. */
const writes: ReadonlySet<Question> = new Set([
  'beginEpoch',
  'reserveOrigins',
  'writeSnapshot',
  'writeCheckpoint',
  'dropSegments',
])

/** Longest pause in ms between two attempts to reopen a failed store. */
const longestPause = 5_000

export interface ServiceOptions {
  /** Records after which a checkpoint is due (D7). */
  readonly checkpointEvery?: number | undefined
  /** Ms after which one is due. */
  readonly checkpointAfter?: number | undefined
  readonly faults?: Faults | undefined
}

export class StoreService {
  readonly #store: Store
  readonly #clock: Clock
  readonly #soon: (run: () => void) => void
  readonly #faults: Faults | undefined
  readonly #clients = new Map<number, Client>()
  readonly #waiters = new Map<string, Waiter[]>()
  readonly #timers: TimerWriter
  readonly #upkeep: Upkeep
  #upkeepFails = false
  /** The last committed frame of each slot. */
  readonly #ends = new Map<number, FrameEnd & { readonly epoch: number }>()
  #frames: Frame[] = []
  #scheduled = false
  #stalledSince: number | undefined
  #postponed: (() => void)[] = []
  #reopening: CancelAlarm | undefined
  #failures = 0
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
    this.#clock = clock
    this.#soon = soon
    this.#faults = faults
    this.#upkeep = new Upkeep(store, {
      every: checkpointEvery,
      after: checkpointAfter,
      now: () => clock.wall(),
    })
    this.#position = store.position
    this.#timers = new TimerWriter(
      store,
      clock,
      (frame) => this.#accept(frame),
      (error) => this.#stall(error),
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

  get stalledSince(): number | undefined {
    return this.#stalledSince
  }

  /** Commits what has arrived and closes the store. */
  close(): void {
    if (this.#closed) return
    this.#commit()
    this.#closed = true
    this.#timers.disarm()
    this.#reopening?.()
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
        return this.#ask(client, message.id, message.question, message.with)
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
    if (this.#frames.length === 0 || this.#stalledSince !== undefined || this.#closed) return
    const frames = this.#frames
    this.#frames = []
    this.#timers.lookAtClock()
    let acks: Ack[]
    try {
      acks = this.#store.commit(frames)
    } catch (error) {
      return this.#stall(error)
    }
    this.#position = this.#store.position
    for (const ack of acks) this.#answer(ack)
    this.#faults?.('commit:answered')
    this.#timers.arm()
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

  /** Gives the archivist its next order, if something is due. */
  #keepUp(): void {
    const archivist = this.#clients.get(archiveSlot)
    const order = archivist && this.#upkeep.order()
    if (order !== undefined) archivist?.wire.post({ kind: 'archive', ...order })
  }

  #answer(ack: Ack): void {
    const { slot, epoch, seq, base, count } = ack
    if (ack.status === 'committed') this.#ends.set(slot, { epoch, seq, position: base + count - 1 })
    if (this.#timers.owns(ack.slot)) this.#arrived(this.#timers.answered(ack), base + count - 1)
    else this.#clients.get(ack.slot)?.wire.post({ kind: 'ack', ack })
    for (const { actor, ownId } of ack.settled) this.#settle(actor, ownId)
  }

  #arrived(actors: readonly string[], position: number): void {
    if (actors.length === 0) return
    for (const client of this.#clients.values()) {
      client.wire.post({ kind: 'arrived', actors, position })
    }
  }

  // ── questions ─────────────────────────────────────────────────────────────────────────────────

  #ask(client: Client, id: number, question: Question, ask: unknown): void {
    if (this.#stalledSince !== undefined) {
      this.#postponed.push(() => this.#ask(client, id, question, ask))
      return
    }
    try {
      if (question === 'outcome') {
        return this.#outcome({ client, id, ...(ask as { actor: string; ownId: string }) })
      }
      const value =
        question === 'tally'
          ? this.#tally(ask as Questions['tally']['ask'])
          : answerQuestion(this.#store, question, ask)
      client.wire.post({ kind: 'answer', id, value })
    } catch (error) {
      client.wire.post({ kind: 'refusal', id, error: encodeError(error) })
      // A write failed outside a group commit: what the store holds is as unknown as after one.
      if (writes.has(question)) this.#stall(error)
    }
  }

  #tally({ since, ...who }: Questions['tally']['ask']): Tally {
    const last = this.#ends.get(who.slot)
    // Unknown when this service is newer than the client: the store's thread died before it did.
    const end = last ?? {
      epoch: who.epoch,
      seq: Number.POSITIVE_INFINITY,
      position: this.#position,
    }
    return end.epoch === who.epoch ? tallyOf(this.#store, who, since, end) : {}
  }

  /** Answers at once when the outcome is known, else when the record that makes it is committed. */
  #outcome(waiter: Waiter): void {
    const found = this.#store.outcome(waiter.actor, waiter.ownId)
    if (found.kind === 'done') return post(waiter, found.record)
    if (found.kind === 'damaged') {
      throw new TroupeError('STORE_CORRUPT', `the outcome cannot be read: ${found.detail}`)
    }
    const key = waiterKey(waiter.actor, waiter.ownId)
    this.#waiters.set(key, [...(this.#waiters.get(key) ?? []), waiter])
  }

  /** Outcomes that a lost answer would have told of. */
  #askAgain(): void {
    const waiters = [...this.#waiters.values()].flat()
    this.#waiters.clear()
    for (const { client, id, actor, ownId } of waiters) {
      this.#ask(client, id, 'outcome', { actor, ownId })
    }
  }

  #settle(actor: string, ownId: string): void {
    const key = waiterKey(actor, ownId)
    const waiters = this.#waiters.get(key)
    if (waiters === undefined) return
    this.#waiters.delete(key)
    for (const waiter of waiters) {
      this.#ask(waiter.client, waiter.id, 'outcome', { actor, ownId })
    }
  }

  // ── failure (D5) ──────────────────────────────────────────────────────────────────────────────

  #stall(error: unknown): void {
    if (this.#stalledSince !== undefined) return
    this.#stalledSince = this.#clock.wall()
    this.#timers.disarm()
    this.#frames = []
    for (const client of this.#clients.values()) client.deaf = true
    this.#state(true, error)
    this.#reopenLater()
  }

  #reopenLater(): void {
    const pause = Math.min(longestPause, 50 * 2 ** this.#failures)
    this.#failures += 1
    this.#reopening = this.#clock.alarm(this.#clock.mono() + pause, () => this.#reopen())
  }

  #reopen(): void {
    let tail: Tail
    try {
      tail = this.#store.reopen()
    } catch (error) {
      this.#state(true, error)
      return this.#reopenLater()
    }
    this.#stalledSince = undefined
    this.#failures = 0
    this.#tell(tail)
    this.#state(false, undefined)
    this.#askAgain()
    for (const again of this.#postponed.splice(0)) again()
    this.#timers.arm()
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

function post({ client, id }: Waiter, record: StoredRecord): void {
  client.wire.post({ kind: 'answer', id, value: record })
}

function waiterKey(actor: string, ownId: string): string {
  return `${actor}\n${ownId}`
}
