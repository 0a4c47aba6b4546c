/**
 * What activations read: an actor's state, its waiting messages, steps and timers, from the ledger
 * for *which* and the medium for the bytes.
 */
import type { Chain } from './chain-walk.ts'
import { noChanges } from './changes.ts'
import { damaged, isDamage, missing, readTimer } from './decode.ts'
import { isTombstone } from './endings.ts'
import type { ChainEnd, HistoryReader } from './history-reader.ts'
import type { Ledger } from './ledger.ts'
import type { ReadMedium } from './medium.ts'
import type { Step } from './open-steps.ts'
import type { MessageRef } from './record.ts'
import type {
  Damage,
  LoadedActor,
  PendingPage,
  StoredRecord,
  StoredStep,
  StoredSubscription,
  StoredTimer,
} from './stored.ts'
import type { Subscription } from './subscriptions.ts'
import type { Timer } from './timer-heap.ts'
import { firstPage, WaitingMessages } from './waiting-messages.ts'

/** Most bytes of records and snapshots that are read together. */
const bytesTogether = 8 * 1024 * 1024

interface End extends ChainEnd {
  readonly turn: number
  /** Of records since the newest snapshot. */
  readonly bytes: number
  readonly snapshotSize: number
}

/** Of an actor that was never here. */
const nowhere: End = Object.freeze({ no: 0, head: 0, turn: 0, bytes: 0, snapshotSize: 0 })

export class Activations {
  readonly waiting: WaitingMessages
  readonly #ledger: Ledger
  readonly #medium: ReadMedium
  readonly #reader: HistoryReader

  constructor(ledger: Ledger, medium: ReadMedium, reader: HistoryReader) {
    this.#ledger = ledger
    this.#medium = medium
    this.#reader = reader
    this.waiting = new WaitingMessages(ledger, medium, reader)
  }

  load(actor: string, limit: number): LoadedActor | Damage {
    const end = this.#endOf(actor)
    return this.#loaded(actor, end, this.#reader.chain(end), limit)
  }

  /**
   * The same for many, with one sweep over the history instead of a walk for each: the first of them, as
   * many as fit into memory together, and one at least.
   */
  loadMany(actors: readonly string[], limit: number): (LoadedActor | Damage)[] {
    const ends = fitting(actors, (actor) => this.#endOf(actor))
    const chains = this.#reader.chains(ends)
    return ends.map((end, i) => {
      const actor = actors[i] as string
      return this.#loaded(actor, end, chains.get(end.no) ?? { changes: noChanges }, limit)
    })
  }

  /** Pending messages of one actor; see `Store.pending`. */
  pending(actor: string, after: MessageRef, limit: number): PendingPage {
    return this.waiting.page(this.#medium.actorNo(actor) ?? 0, after, limit)
  }

  /** True when the actor has ended for good: nothing of it is recorded after its tombstone (F6). */
  hasEnded(actor: string): boolean {
    const { head } = this.#endOf(actor)
    return head !== 0 && isTombstone(this.#reader.place(head))
  }

  timer(timer: Timer): StoredTimer {
    const { lane, due, every, at } = timer
    return {
      actor: this.#medium.address(timer.actor),
      id: this.#medium.name(timer.id),
      name: this.#medium.name(timer.name),
      lane,
      due,
      every,
      ...this.#payload(at),
    }
  }

  #endOf(actor: string): End {
    const no = this.#medium.actorNo(actor)
    if (no === undefined) return nowhere
    const { actors } = this.#ledger
    const row = actors.find(no)
    return row === 0 ? (this.#medium.row(no) ?? { ...nowhere, no }) : actors.get(row)
  }

  #loaded(
    actor: string,
    { no, turn }: End,
    chain: Chain | Damage,
    limit: number,
  ): LoadedActor | Damage {
    if (isDamage(chain)) return chain
    const steps = this.#steps(no)
    if (isDamage(steps)) return { ...steps, actor }
    const stash = this.waiting.stash(no)
    const page = this.waiting.page(no, firstPage, limit)
    return {
      kind: 'loaded',
      position: this.#ledger.position,
      turn,
      ...chain,
      pending: { ...page, damaged: [...page.damaged, ...stash.damaged] },
      stash: stash.messages,
      timers: [...this.#ledger.timers.of(no)].map((timer) => this.timer(timer)),
      subscriptions: [...this.#ledger.subscriptions.of(no)].map((one) => this.#subscription(one)),
      steps,
    }
  }

  #payload(at: MessageRef): Pick<StoredTimer, 'version' | 'payload' | 'damage'> {
    const place = this.#reader.place(at.position) ?? missing(at.position)
    if (isDamage(place)) return { version: 0, damage: place }
    const damage = damaged(place, this.#medium, 'the payload of a timer fails its checksum')
    return readTimer(place, at.index) ?? { version: 0, damage }
  }

  /** A step that cannot be read must not run again as if it never had: the actor is quarantined. */
  #steps(no: number): StoredStep[] | Damage {
    const read: StoredStep[] = []
    for (const step of this.#ledger.steps.of(no)) {
      const stored = this.#step(step)
      if (isDamage(stored)) return stored
      read.push(stored)
    }
    return read
  }

  #step({ message, position, done, answer }: Step): StoredStep | Damage {
    const record = this.#record(position)
    if (isDamage(record)) return record
    if (answer === 0) return { done, message, record }
    const answered = this.#record(answer)
    return isDamage(answered) ? answered : { done, message, record, answer: answered }
  }

  #record(position: number): StoredRecord | Damage {
    return this.#reader.record(position) ?? missing(position)
  }

  #subscription({ pattern, name, lane }: Subscription): StoredSubscription {
    return { pattern: this.#medium.name(pattern), name: this.#medium.name(name), lane }
  }
}

function fitting(actors: readonly string[], endOf: (actor: string) => End): End[] {
  const found: End[] = []
  let bytes = 0
  for (const actor of actors) {
    const end = endOf(actor)
    bytes += end.bytes + end.snapshotSize
    if (bytes > bytesTogether && found.length > 0) break
    found.push(end)
  }
  return found
}
