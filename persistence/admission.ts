/**
 * Admits frames: checks each record, gives out positions and numbers, patches them into the
 * directory, and folds what passed into the ledger. Runs inside the commit's transaction, before
 * anything is written, so that one bad record is refused alone (D5).
 *
 * Invariant: a refused record leaves no trace but its dead entries; and until its writer says
 * `rebased`, neither does any later record of its actor, for they were made from a state that never
 * was.
 */
import { At, entrySize, nextRecord, viewOf } from './directory.ts'
import { Endings } from './endings.ts'
import type { Heard } from './folding.ts'
import type { Ledger } from './ledger.ts'
import { misfit } from './ledger-check.ts'
import type { Medium } from './medium.ts'
import { Numbering } from './numbering.ts'
import { type KnownId, OwnIds } from './own-ids.ts'
import { PartFlag, RecordFlag, RecordKind } from './record.ts'
import type { Frame } from './segment.ts'
import { malformation, type Survey, surveyOf } from './shape.ts'
import type { Ack, Dropped, FanOut, Refusal, RefusalReason, SettledId } from './store.ts'

/** A frame's live records, ready to be written, and its answer. */
export interface Admitted {
  readonly directory: Uint8Array
  readonly ack: Ack
}

interface Client {
  readonly slot: number
  readonly epoch: number
}

export class Admission {
  readonly #ledger: Ledger
  readonly #medium: Medium
  /** Actors whose records are refused until they say `rebased`, and the client they came from. */
  readonly #undone = new Map<number, Client>()
  readonly #seen: WeakSet<Uint8Array>

  /** @param seen directories admitted before, also by a store since reopened */
  constructor(ledger: Ledger, medium: Medium, seen: WeakSet<Uint8Array>) {
    this.#ledger = ledger
    this.#medium = medium
    this.#seen = seen
  }

  /**
   * The frame's directory becomes the segment's: numbers are written into it in place.
   * @param time wall time in ms, from which own ids count their age
   */
  admit(frame: Frame, time: number): Admitted {
    if (this.#seen.has(frame.directory)) throw new Error('a frame is committed once; build it anew')
    this.#seen.add(frame.directory)
    const batch = new Batch(frame, this.#ledger, this.#medium, this.#undone, time)
    return batch.run()
  }
}

/** One frame on its way in. */
class Batch implements Heard {
  readonly #frame: Frame
  readonly #ledger: Ledger
  readonly #medium: Medium
  readonly #undone: Map<number, Client>
  readonly #directory: Uint8Array
  readonly #view: DataView
  readonly #survey: Survey
  readonly #numbering: Numbering
  readonly #ownIds: OwnIds
  readonly #endings: Endings
  readonly #base: number
  readonly #refused: Refusal[] = []
  readonly #settled: SettledId[] = []
  readonly #published: FanOut[] = []
  readonly #dropped: Dropped[] = []
  #count = 0

  constructor(
    frame: Frame,
    ledger: Ledger,
    medium: Medium,
    undone: Map<number, Client>,
    time: number,
  ) {
    this.#frame = frame
    this.#ledger = ledger
    this.#medium = medium
    this.#undone = undone
    this.#directory = frame.directory
    this.#view = viewOf(this.#directory)
    const survey = surveyOf(this.#view)
    this.#survey = survey
    this.#numbering = new Numbering(this.#view, frame.strings, medium)
    this.#ownIds = new OwnIds(this.#view, frame.body, medium, time, survey.hasOwnIds)
    this.#base = ledger.position + 1
    this.#endings = new Endings(this.#view, this.#base, ledger, medium, survey.hasConditions)
  }

  run(): Admitted {
    const { slot, epoch, seq } = this.#frame
    this.#ledger.sources.from(slot, epoch)
    const { end } = this.#survey
    let record = 0
    for (let at = 0; at < end; at = nextRecord(this.#view, at)) {
      this.#admit(record, at)
      record += 1
    }
    for (; record < this.#frame.count; record += 1) {
      this.#refused.push({ record, reason: 'malformed', detail: 'the directory ends before it' })
    }
    const ack: Ack = {
      slot,
      epoch,
      seq,
      status: 'committed',
      base: this.#base,
      count: this.#count,
      refused: this.#refused,
      settled: this.#settled,
      published: this.#published,
      dropped: this.#dropped,
    }
    return { directory: this.#directory.subarray(0, end), ack }
  }

  settled(actor: number, position: number, index: number, by: number): void {
    const ownId = this.#ownIds.settle(position, index, by)
    if (ownId === undefined) return
    this.#settled.push({ actor: this.#medium.address(actor), ownId, position: by })
  }

  published(position: number, index: number, actors: readonly number[]): void {
    const to = actors.map((no) => this.#medium.address(no))
    this.#published.push({ message: { position, index }, to })
  }

  #admit(record: number, at: number): void {
    const wrong =
      malformation(this.#view, at, this.#frame.body.length, this.#frame.strings.length) ??
      this.#numbering.number(at)
    if (wrong !== undefined) {
      this.#refuse(record, at, 'malformed', wrong)
      return
    }
    const no = this.#view.getUint32(at + At.actor, true)
    const known = this.#ownIds.duplicate(at)
    const reason = this.#isUndone(at, no)
      ? 'after-refused'
      : (misfit(this.#ledger, this.#view, at, this.#survey.hasFired) ?? (known && 'duplicate'))
    if (reason === undefined) this.#commit(at, no)
    else this.#refuse(record, at, reason, explain[reason], known)
  }

  #commit(at: number, no: number): void {
    const position = this.#base + this.#count
    this.#numbering.link(at, no === 0 ? 0 : this.#ledger.actors.head(this.#ledger.actors.open(no)))
    if (this.#survey.hasOwnIds) this.#ownIdsOf(at, position)
    if (this.#survey.hasConditions) this.#endsOf(at, position)
    this.#ledger.apply(this.#view, at, position, this)
    this.#count += 1
  }

  #ownIdsOf(at: number, position: number): void {
    for (const { ownId, index, position: first } of this.#ownIds.drop(at)) {
      this.#dropped.push({ message: { position, index }, ownId, position: first })
    }
    this.#ownIds.accept(at, position)
  }

  #endsOf(at: number, position: number): void {
    for (const index of this.#endings.drop(at)) {
      this.#dropped.push({ message: { position, index }, ownId: '', position: 0 })
    }
  }

  #isUndone(at: number, no: number): boolean {
    const from = this.#undone.size === 0 ? undefined : this.#undone.get(no)
    if (from === undefined) return false
    const { slot, epoch } = this.#frame
    const rebased = (this.#view.getUint16(at + At.flags, true) & RecordFlag.rebased) !== 0
    // Another client has loaded the actor afresh: what it writes is made from what is.
    const other = from.slot !== slot || from.epoch !== epoch
    if (rebased || other) this.#undone.delete(no)
    return !rebased && !other
  }

  #refuse(
    record: number,
    at: number,
    reason: RefusalReason,
    detail: string,
    known?: KnownId,
  ): void {
    const more = known === undefined ? {} : { ownId: known.ownId, position: known.position }
    this.#refused.push({ record, reason, detail, ...more })
    const kind = this.#view.getUint8(at) as RecordKind
    const no = this.#view.getUint32(at + At.actor, true)
    const { slot, epoch } = this.#frame
    if (no !== 0 && reason !== 'malformed' && undoes(kind)) this.#undone.set(no, { slot, epoch })
    this.#bury(at)
  }

  #bury(at: number): void {
    const end = nextRecord(this.#view, at)
    for (let entry = at; entry < end; entry += entrySize) {
      const flags = this.#view.getUint16(entry + At.flags, true)
      this.#view.setUint16(entry + At.flags, flags | PartFlag.dead, true)
    }
  }
}

/** Nothing is built on an interrupt or a recorded event; refusing one refuses it alone. */
function undoes(kind: RecordKind): boolean {
  return kind !== RecordKind.interrupt && kind !== RecordKind.event
}

const explain: Readonly<Record<RefusalReason, string>> = Object.freeze({
  'not-pending': 'its message is not pending for its actor: another record consumed it',
  duplicate: 'its message was accepted before under the same own id',
  'turn-mismatch': "its turn number does not follow the actor's last turn; load the actor again",
  'timer-not-due': 'its timer does not wait for that time: it fired, moved or was cancelled',
  'after-refused':
    'an earlier record of its actor was refused, and this one is not flagged rebased',
  malformed: 'it is no record',
})
