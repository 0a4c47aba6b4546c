/** Accepted own ids, by actor and id, and by the message that was accepted under each. */
import type { OwnIdRow } from '../medium.ts'
import { isKept, ownIdTtl } from '../own-ids.ts'
import type { UndoLog } from './undo-log.ts'

export class OwnIdTable {
  /** In the order of their acceptance. */
  readonly #rows = new Map<string, OwnIdRow>()
  readonly #keys = new Map<string, string>()
  readonly #undo: UndoLog

  constructor(undo: UndoLog) {
    this.#undo = undo
  }

  get(actor: number, id: string): OwnIdRow | undefined {
    return this.#rows.get(keyOf(actor, id))
  }

  add(actor: number, id: string, row: OwnIdRow): void {
    this.#undo.set(this.#rows, keyOf(actor, id), row)
    this.#undo.set(this.#keys, messageOf(row), keyOf(actor, id))
  }

  /** Notes which record consumed a message; returns the own id it was accepted under. */
  settle(position: number, index: number, by: number): string | undefined {
    const key = this.#keys.get(messageOf({ position, index }))
    const row = key === undefined ? undefined : this.#rows.get(key)
    if (key === undefined || row === undefined) return undefined
    this.#undo.set(this.#rows, key, { ...row, by })
    return key.slice(key.indexOf(' ') + 1)
  }

  /** Forgets settled ones accepted before a time, oldest first, up to one that is kept. */
  expire(time: number): void {
    for (const [key, row] of this.#rows) {
      if (isKept(row, time + ownIdTtl)) return
      this.#rows.delete(key)
      this.#keys.delete(messageOf(row))
    }
  }

  /** Records that those accepted after `since` need, and those of messages still pending. */
  *records(since: number): Generator<number> {
    for (const { position, by, time } of this.#rows.values()) {
      if (by === 0 || time > since) yield* [position, by]
    }
  }
}

function keyOf(actor: number, id: string): string {
  return `${actor} ${id}`
}

function messageOf({ position, index }: Pick<OwnIdRow, 'position' | 'index'>): string {
  return `${position}.${index}`
}
