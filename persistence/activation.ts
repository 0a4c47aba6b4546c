/**
 * What activations and redelivery read: an actor's state, its pending messages, steps and timers,
 * from the ledger for *which* and the medium for the bytes.
 */
import type { Chain } from './chain-walk.ts'
import {
  damaged,
  isDamage,
  messageOf,
  type Place,
  partsOf,
  readMessage,
  readTimer,
} from './decode.ts'
import { At, MessageAt } from './directory.ts'
import { type ChainEnd, HistoryReader } from './history-reader.ts'
import type { Ledger } from './ledger.ts'
import type { ReadMedium } from './medium.ts'
import type { Step } from './open-steps.ts'
import { Mark } from './pending.ts'
import { type MessageRef, PartFlag, PartKind } from './record.ts'
import type {
  Damage,
  LoadedActor,
  PendingPage,
  StoredMessage,
  StoredRecord,
  StoredStep,
  StoredSubscription,
  StoredTimer,
} from './stored.ts'
import type { Timer } from './timer-heap.ts'

interface End extends ChainEnd {
  readonly turn: number
}

/** Of an actor that was never here. */
const nowhere: End = Object.freeze({ no: 0, head: 0, turn: 0 })

/** Before every message: the cursor of a first page. */
const start: MessageRef = Object.freeze({ position: 0, index: 0 })

export class Activations {
  readonly #ledger: Ledger
  readonly #medium: ReadMedium
  readonly #reader: HistoryReader

  constructor(ledger: Ledger, medium: ReadMedium) {
    this.#ledger = ledger
    this.#medium = medium
    this.#reader = new HistoryReader(medium)
  }

  load(actor: string, limit: number): LoadedActor | Damage {
    const end = this.#endOf(actor)
    return this.#loaded(actor, end, this.#reader.chain(end), limit)
  }

  /** The same for many, with one sweep over the history instead of a walk for each. */
  loadMany(actors: readonly string[], limit: number): (LoadedActor | Damage)[] {
    const ends = actors.map((actor) => this.#endOf(actor))
    const chains = this.#reader.chains(ends)
    return actors.map((actor, i) => {
      const end = ends[i] as End
      return this.#loaded(actor, end, chains.get(end.no) ?? { changes: [] }, limit)
    })
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
    const stash = this.#stash(no)
    const page = this.pending(actor, start, limit)
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

  /** Pending messages after `after` in the order of acceptance, stashed ones left out. */
  pending(actor: string, after: MessageRef, limit: number): PendingPage {
    const { pending, actors } = this.#ledger
    const row = actors.find(this.#medium.actorNo(actor) ?? 0)
    const messages: StoredMessage[] = []
    const broken: Damage[] = []
    let last = 0
    for (let entry = row && pending.first(row); entry !== 0; entry = pending.next(entry)) {
      if (pending.marks(entry) & Mark.stashed || !this.#isAfter(entry, after)) continue
      if (messages.length + broken.length === limit) {
        return {
          position: this.#ledger.position,
          messages,
          damaged: broken,
          next: this.#cursor(last),
        }
      }
      const message = this.message(entry)
      if (isDamage(message)) broken.push(message)
      else messages.push(message)
      last = entry
    }
    return { position: this.#ledger.position, messages, damaged: broken }
  }

  /** The message of a pending entry. */
  message(entry: number): StoredMessage | Damage {
    const { pending, actors } = this.#ledger
    const home = pending.home(entry)
    const ref = { position: pending.position(entry), index: pending.index(entry) }
    const to = this.#medium.address(actors.no(pending.row(entry)))
    const place = this.#place(home)
    if (isDamage(place)) return { ...place, actor: to, message: ref }
    const part = partOf(place, ref)
    if (part === undefined) return { ...missing(home), actor: to, message: ref }
    const message = readMessage(place, part, this.#medium)
    if (message === undefined) {
      const name = this.#medium.name(place.view.getUint32(part + MessageAt.name, true))
      return {
        ...damaged(place, this.#medium, 'a message fails its checksum'),
        actor: to,
        message: ref,
        name,
      }
    }
    const name = pending.name(entry)
    const lane = pending.lane(entry)
    return { ...message, to, lane, ...(name === 0 ? {} : { name: this.#medium.name(name) }) }
  }

  timer(timer: Timer): StoredTimer {
    const place = this.#place(timer.at.position)
    const actor = this.#medium.address(timer.actor)
    return {
      actor,
      id: this.#medium.name(timer.id),
      name: this.#medium.name(timer.name),
      lane: timer.lane,
      due: timer.due,
      every: timer.every,
      ...(isDamage(place)
        ? { version: 0, damage: place }
        : (readTimer(place, timer.at.index) ?? {
            version: 0,
            damage: damaged(place, this.#medium, 'the payload of a timer fails its checksum'),
          })),
    }
  }

  #endOf(actor: string): End {
    const no = this.#medium.actorNo(actor)
    if (no === undefined) return nowhere
    const { actors } = this.#ledger
    const row = actors.find(no)
    return row === 0 ? (this.#medium.row(no) ?? { ...nowhere, no }) : actors.get(row)
  }

  #stash(no: number): { messages: StoredMessage[]; damaged: Damage[] } {
    const messages: StoredMessage[] = []
    const broken: Damage[] = []
    for (const entry of this.#ledger.stashes.of(this.#ledger.actors.find(no))) {
      const message = this.message(entry)
      if (isDamage(message)) broken.push(message)
      else messages.push(message)
    }
    return { messages, damaged: broken }
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

  #place(position: number): Place | Damage {
    return this.#reader.place(position) ?? missing(position)
  }

  #subscription(one: { pattern: number; name: number; lane: number }): StoredSubscription {
    const { pattern, name, lane } = one
    return { pattern: this.#medium.name(pattern), name: this.#medium.name(name), lane }
  }

  #cursor(entry: number): MessageRef {
    const { pending } = this.#ledger
    return { position: pending.home(entry), index: this.#ordinal(entry) }
  }

  #isAfter(entry: number, after: MessageRef): boolean {
    const home = this.#ledger.pending.home(entry)
    return home > after.position || (home === after.position && this.#ordinal(entry) > after.index)
  }

  /** Order among the messages accepted by one record; its inline message comes first. */
  #ordinal(entry: number): number {
    const { pending } = this.#ledger
    return pending.position(entry) < 0 ? 0 : pending.index(entry) + 1
  }
}

/** Offset of the part that holds a message. */
function partOf(place: Place, ref: MessageRef): number | undefined {
  const { view } = place
  for (const part of partsOf(place)) {
    if (view.getUint8(part) !== PartKind.message) continue
    const inline = view.getUint16(part + At.flags, true) & PartFlag.inline
    if (inline ? same(messageOf(place), ref) : isBornHere(place, part, ref)) return part
  }
  return undefined
}

function isBornHere({ view, position }: Place, part: number, ref: MessageRef): boolean {
  return position === ref.position && view.getUint32(part + MessageAt.index, true) === ref.index
}

function same(a: MessageRef, b: MessageRef): boolean {
  return a.position === b.position && a.index === b.index
}

function missing(position: number): Damage {
  const detail = `record ${position} is not in the store`
  return { kind: 'damaged', detail, positions: [position] }
}
