/**
 * A place in a history that moves: forward, back, to a failure, to a message, to a change of a place in
 * a state. What a debugger's buttons do.
 *
 * Owns the position and nothing else: what stands there is read anew each time, so that a history that
 * grows is walked on.
 */
import { TroupeError } from '../../mailbox/errors.ts'
import { isDamage } from '../decode.ts'
import type { HistoryReader } from '../history-reader.ts'
import type { Damage, StoredRecord } from '../stored.ts'
import { type Difference, differences } from './differences.ts'
import { checkFilter, type HistoryFilter } from './filter.ts'
import { resolveId } from './lineage.ts'
import { parsePlace, valueAt } from './place.ts'
import { idOf, type RecordView, viewRecord } from './record-view.ts'
import { selectPositions } from './scan.ts'
import { stateAt } from './state-at.ts'

/** What stands where the walk is. */
export interface Stand {
  readonly position: number
  readonly record: RecordView | Damage
  /** What its actor's state became here; none for records without an actor. */
  readonly changes: readonly Difference[]
  /** Why the state before or after it cannot be shown. */
  readonly trouble?: string
}

/** Which records a walk stops at. */
export type WalkFilter = Pick<HistoryFilter, 'actor' | 'type' | 'name'>

/** How many records a search back looks at in one piece. */
const piece = 4_096

/** A way through a history, a record at a time, forward and back. */
export class Walk {
  readonly #reader: HistoryReader
  #filter: WalkFilter = {}
  #position = 0

  constructor(reader: HistoryReader) {
    this.#reader = reader
  }

  /** 0 before the first record. */
  get position(): number {
    return this.#position
  }

  get filter(): WalkFilter {
    return this.#filter
  }

  /** Stops only at these from now on. @throws OPTION_INVALID */
  only(filter: WalkFilter): void {
    checkFilter(filter)
    this.#filter = filter
  }

  /** To the next record; false at the end, and then it stays. */
  forward(more: HistoryFilter = {}): boolean {
    const filter = { ...this.#filter, ...more, first: this.#position + 1 }
    if (filter.first > this.#reader.position) return false
    for (const found of selectPositions(this.#reader, filter)) {
      return this.#moveTo(typeof found === 'number' ? found : (found.positions[0] as number))
    }
    return false
  }

  /** To the record before; false at the beginning, and then it stays. */
  back(): boolean {
    for (let last = this.#position - 1; last >= 1; last -= piece) {
      const first = Math.max(1, last - piece + 1)
      const found = [...selectPositions(this.#reader, { ...this.#filter, first, last })].at(-1)
      if (found === undefined) continue
      return this.#moveTo(typeof found === 'number' ? found : (found.positions[0] as number))
    }
    return false
  }

  /** To the next record that failed, was parked or is a dead letter. */
  toFailure(): boolean {
    return this.forward({ failed: true })
  }

  /** @throws OPTION_INVALID for a position that is not there */
  toPosition(position: number): void {
    if (position >= 1 && position <= this.#reader.position) {
      this.#position = position
      return
    }
    throw invalid(`there is no record ${position}; the last one is ${this.#reader.position}`)
  }

  /** To the next record about a message or with it, from the first one on. @throws OPTION_INVALID */
  toMessage(id: string): boolean {
    const known = resolveId(this.#reader, id)
    for (let position = 1; position <= this.#reader.position; position += 1) {
      const record = this.#reader.record(position)
      if (record === undefined || isDamage(record)) continue
      const { message, parts } = record as StoredRecord
      const isIn = parts.some((part) => 'message' in part && idOf(part.message.ref) === known)
      if (isIn || idOf(message) === known) return this.#moveTo(position)
    }
    return false
  }

  /**
   * To the next record after which a place in its actor's state is another.
   * @param actor by default the one that the walk stops at
   * @throws OPTION_INVALID without an actor, or for a place that cannot be read; STORE_CORRUPT
   */
  toChange(path: string, actor: string | undefined = this.#filter.actor): boolean {
    if (actor === undefined) throw invalid('of which actor? say `actor TYPE/KEY` first')
    const place = parsePlace(path)
    const filter = { actor, first: this.#position + 1 }
    if (filter.first > this.#reader.position) return false
    let before = valueAt(this.#stateOf(actor, this.#position), place)
    for (const found of selectPositions(this.#reader, filter)) {
      if (typeof found !== 'number') continue
      const after = valueAt(this.#stateOf(actor, found), place)
      if ([...differences(before, after)].length > 0) return this.#moveTo(found)
      before = after
    }
    return false
  }

  /** What stands here; undefined before the first record. */
  stand(): Stand | undefined {
    if (this.#position === 0) return undefined
    const record = this.#reader.record(this.#position)
    if (record === undefined) return undefined
    const position = this.#position
    if (isDamage(record)) return { position, record, changes: [] }
    const view = viewRecord(record as StoredRecord)
    if (view.actor === '') return { position, record: view, changes: [] }
    try {
      const before = this.#stateOf(view.actor, position - 1)
      const after = this.#stateOf(view.actor, position)
      return { position, record: view, changes: [...differences(before, after)] }
    } catch (error) {
      if (!(error instanceof TroupeError)) throw error
      return { position, record: view, changes: [], trouble: error.message }
    }
  }

  /** The state of an actor here, undefined when there is none. @throws STORE_CORRUPT */
  stateOf(actor: string): unknown {
    return this.#stateOf(actor, this.#position)
  }

  #stateOf(actor: string, position: number): unknown {
    const found = stateAt(this.#reader, actor, { position })
    if (isDamage(found)) throw new TroupeError('STORE_CORRUPT', found.detail)
    return found.state?.value
  }

  #moveTo(position: number): true {
    this.#position = position
    return true
  }
}

function invalid(why: string): TroupeError {
  return new TroupeError('OPTION_INVALID', why)
}
