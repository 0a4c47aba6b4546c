/**
 * The turns of volatile actors that were recorded in full, from their records: a message, how its calls
 * ended, how it ended itself. An actor is run again from a start on.
 */
import { startRecord } from '../../actors/cell/volatile-record.ts'
import { isDamage } from '../../persistence/decode.ts'
import { At } from '../../persistence/directory.ts'
import type { HistoryReader } from '../../persistence/history-reader.ts'
import { PartFlag, PartKind, RecordKind } from '../../persistence/record.ts'
import type { StoredMessage, StoredPart, StoredRecord } from '../../persistence/stored.ts'

export interface RecordedVolatileTurn {
  readonly taken: StoredRecord
  readonly message: StoredMessage
  /** The first of a fresh state. */
  readonly isFirst: boolean
  /** Since the start of the actor, from 1. */
  readonly number: number
  /** In the order in which they ended; of the first turn with those of the start hook. */
  readonly calls: readonly StoredRecord[]
  /** What an asker was answered or the handler threw; absent when nobody saw its end. */
  readonly end: StoredRecord | undefined
  /** Whether the actor went on afterwards: else its death may have cut the turn off. */
  readonly isWhole: boolean
}

/** What is read of one actor. */
interface Life {
  turns: number
  calls: StoredRecord[]
  open: { readonly taken: StoredRecord; readonly message: StoredMessage } | undefined
  end: StoredRecord | undefined
}

export class VolatileTurns {
  readonly #lives = new Map<string, Life>()
  readonly #unstarted = new Set<string>()

  /** Actors of which the start is not in the history. */
  get unstarted(): readonly string[] {
    return [...this.#unstarted].filter((actor) => !this.#lives.has(actor))
  }

  *read(
    reader: HistoryReader,
    { actor }: { readonly actor?: string },
  ): Generator<RecordedVolatileTurn> {
    for (let position = 1; position <= reader.position; position += 1) {
      const place = reader.place(position)
      if (place === undefined || isDamage(place)) continue
      if (place.view.getUint8(place.at + At.kind) !== RecordKind.event) continue
      const record = reader.record(position)
      if (record === undefined || isDamage(record)) continue
      const stored = record as StoredRecord
      if (actor === undefined || stored.actor === actor) yield* this.#take(stored)
    }
    for (const life of this.#lives.values()) yield* this.#close(life, false)
  }

  *#take(record: StoredRecord): Generator<RecordedVolatileTurn> {
    const life = this.#lives.get(record.actor)
    if (record.name === startRecord && record.message.position === 0 && record.step === undefined) {
      if (life !== undefined) yield* this.#close(life, false)
      this.#lives.set(record.actor, { turns: 0, calls: [], open: undefined, end: undefined })
      return
    }
    const message = messageOf(record)
    if (life === undefined) {
      if (message?.payload !== undefined) this.#unstarted.add(record.actor)
    } else if (message !== undefined) {
      yield* this.#close(life, true)
      life.open = { taken: record, message }
    } else if (record.step !== undefined) life.calls.push(record)
    else life.end = record
  }

  *#close(life: Life, isWhole: boolean): Generator<RecordedVolatileTurn> {
    const { open, calls, end } = life
    if (open === undefined) return
    life.turns += 1
    Object.assign(life, { open: undefined, calls: [], end: undefined } satisfies Partial<Life>)
    yield { ...open, number: life.turns, isFirst: life.turns === 1, calls, end, isWhole }
  }
}

function messageOf({ parts, actor, name }: StoredRecord): StoredMessage | undefined {
  const part = parts.find(isInline)
  return part?.kind === PartKind.message ? { ...part.message, to: actor, name } : undefined
}

function isInline(part: StoredPart): boolean {
  return part.kind === PartKind.message && (part.message.flags & PartFlag.inline) !== 0
}
