/**
 * Callers' own message ids within one frame: refused when known, remembered when accepted, settled
 * when their message is consumed. An id belongs to its receiver: the same id to another actor is
 * another id. It is kept for 24 h, and longer while its message is pending.
 */
import { At, entrySize, MessageAt, nextRecord } from './directory.ts'
import type { Medium, OwnIdRow } from './medium.ts'
import { PartFlag, PartKind, RecordKind } from './record.ts'

/** How long an own id de-duplicates, in ms. */
export const ownIdTtl = 24 * 60 * 60 * 1000

const utf8 = new TextDecoder()

/** An own id that was accepted before. */
export interface KnownId {
  readonly ownId: string
  /** Position of the message accepted first. */
  readonly position: number
  /** Index, in its record, of the message that came now. */
  readonly index: number
}

export class OwnIds {
  readonly #view: DataView
  readonly #body: Uint8Array
  readonly #medium: Medium
  readonly #time: number
  /** Most frames have none, and ask no further. */
  readonly #any: boolean

  /** @param any whether the frame has any */
  constructor(view: DataView, body: Uint8Array, medium: Medium, time: number, any: boolean) {
    this.#any = any
    this.#view = view
    this.#body = body
    this.#medium = medium
    this.#time = time
  }

  /**
   * The own id for which this record must be refused: one it accepts from outside, or the message
   * its turn already handled. A duplicate in an outbox is only dropped: the turn stands.
   */
  duplicate(at: number): KnownId | undefined {
    if (!this.#any) return undefined
    for (const part of this.#parts(at)) {
      const known = this.#known(part)
      if (known !== undefined && !this.#isOutgoing(at, part)) return known
    }
    return undefined
  }

  /** Marks duplicates in the outbox of a record dead and returns them. */
  drop(at: number): readonly KnownId[] {
    if (!this.#any) return none
    const dropped: KnownId[] = []
    for (const part of this.#parts(at)) {
      const known = this.#known(part)
      if (known === undefined) continue
      for (const entry of [part, part + entrySize]) {
        const flags = this.#view.getUint16(entry + At.flags, true)
        this.#view.setUint16(entry + At.flags, flags | PartFlag.dead, true)
      }
      dropped.push(known)
    }
    return dropped
  }

  /** Remembers the own ids of a record about to be committed. */
  accept(at: number, position: number): void {
    if (!this.#any) return
    for (const part of this.#parts(at)) {
      if (this.#view.getUint16(part + At.flags, true) & PartFlag.dead) continue
      const { actor, ownId } = this.#read(part)
      this.#medium.addOwnId(actor, ownId, this.#row(at, part, position))
      this.#medium.expireOwnIds(this.#time - ownIdTtl)
    }
  }

  settle(position: number, index: number, by: number): string | undefined {
    return this.#medium.settleOwnId(position, index, by)
  }

  /** Message parts with an own id; the id's own part follows each. */
  *#parts(at: number): Generator<number> {
    const end = nextRecord(this.#view, at)
    for (let part = at + entrySize; part < end; part += entrySize) {
      if (this.#view.getUint8(part) === PartKind.ownId) yield part - entrySize
    }
  }

  #known(part: number): KnownId | undefined {
    const { actor, ownId } = this.#read(part)
    const row = this.#medium.ownId(actor, ownId)
    if (row === undefined || !isKept(row, this.#time)) return undefined
    return {
      ownId,
      position: row.position,
      index: this.#view.getUint32(part + MessageAt.index, true),
    }
  }

  #isOutgoing(at: number, part: number): boolean {
    const inline = this.#view.getUint16(part + At.flags, true) & PartFlag.inline
    return this.#view.getUint8(at) !== RecordKind.accept && !inline
  }

  #read(part: number): { actor: number; ownId: string } {
    const view = this.#view
    const start = view.getUint32(part + entrySize + MessageAt.offset, true)
    const end = start + view.getUint32(part + entrySize + MessageAt.length, true)
    return {
      // Published messages have no one receiver: their ids share number 0.
      actor: this.#isTopic(part) ? 0 : view.getUint32(part + MessageAt.to, true),
      ownId: utf8.decode(this.#body.subarray(start, end)),
    }
  }

  #row(at: number, part: number, position: number): OwnIdRow {
    const view = this.#view
    const inline = view.getUint16(part + At.flags, true) & PartFlag.inline
    return {
      position: inline ? view.getFloat64(at + At.position, true) : position,
      index: inline
        ? view.getUint32(at + At.index, true)
        : view.getUint32(part + MessageAt.index, true),
      // Publishing is done when it is accepted.
      by: this.#isTopic(part) ? position : 0,
      time: this.#time,
    }
  }

  #isTopic(part: number): boolean {
    return (this.#view.getUint16(part + At.flags, true) & PartFlag.topic) !== 0
  }
}

const none: readonly KnownId[] = Object.freeze([])

/** Whether an own id still counts at wall time `now`. */
export function isKept(row: OwnIdRow, now: number): boolean {
  return row.by === 0 || row.time + ownIdTtl > now
}
