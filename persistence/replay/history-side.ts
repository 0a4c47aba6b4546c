/**
 * One of two histories that are compared, on its way to its end: what it counts as it goes.
 */
import { isDamage } from '../decode.ts'
import { At, getU48, nextRecord, viewOf } from '../directory.ts'
import type { HistoryReader } from '../history-reader.ts'
import { RecordFlag, RecordKind } from '../record.ts'
import type { Damage, StoredRecord } from '../stored.ts'
import { type RecordView, viewRecord } from './record-view.ts'
import { type RecordedValue, recordedToJson } from './recorded-value.ts'
import { spoken } from './said.ts'
import { added, type Usage, usageOf } from './usage.ts'

/** One history on its way to its end. */
export class HistorySide {
  readonly counts = new Map<string, number>()
  readonly steps = new Map<string, StepResult>()
  /** What calls of models used, by `type step`. */
  readonly usage = new Map<string, Usage>()
  readonly damages: Damage[] = []
  readonly #reader: HistoryReader
  readonly #last: number
  #position = 0

  constructor(reader: HistoryReader) {
    this.#reader = reader
    this.#last = reader.position
  }

  next(): { readonly view: RecordView; readonly record: StoredRecord } | Damage | undefined {
    if (this.#position >= this.#last) return undefined
    this.#position += 1
    const record = this.#reader.record(this.#position)
    if (record === undefined) return undefined
    if (isDamage(record)) {
      this.damages.push(record)
      return record
    }
    const stored = record as StoredRecord
    const view = viewRecord(stored)
    this.#note(view)
    return { view, record: stored }
  }

  rest(): void {
    while (this.next() !== undefined);
  }

  /** Milliseconds from the start of each turn to its commit, from directories alone. */
  durations(): Map<string, number[]> {
    const found = new Map<string, number[]>()
    for (const segment of this.#reader.directories(1, this.#last)) {
      if (!isDamage(segment)) turnsIn(segment, this.#reader, found)
    }
    return found
  }

  #note(view: RecordView): void {
    const { kind, actor, name, outcome, sends } = view
    if (kind === 'turn' || kind === 'parked') this.#count(`${typeOf(actor)} ${name} ${outcome}`)
    for (const { to, topic, name: sent } of sends) {
      this.#count(`${topic === undefined ? typeOf(to) : `topic ${topic}`} ${sent} sent`)
    }
    if (kind === 'step-done') this.#step(view)
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  /** The n-th call of a name in the m-th message of an actor that made one: ids differ between runs. */
  #step({ actor, name, step = 0, message = '', result, error }: RecordView): void {
    const value = result ?? error
    this.#use(`${typeOf(actor)} ${withoutKey(name)}`, result)
    const ordinal = this.#ordinal(actor, message)
    const key = { actor, turn: ordinal, step: `${name}#${step}` }
    this.steps.set(JSON.stringify(key), {
      key,
      result: value === undefined ? undefined : spoken(recordedToJson(value)),
    })
  }

  #use(what: string, result: RecordedValue | undefined): void {
    const used = result?.kind === 'value' ? usageOf(result.value) : undefined
    if (used !== undefined) this.usage.set(what, added(this.usage.get(what) ?? {}, used))
  }

  readonly #ordinals = new Map<string, Map<string, number>>()

  #ordinal(actor: string, message: string): string {
    const known = this.#ordinals.get(actor) ?? new Map<string, number>()
    this.#ordinals.set(actor, known)
    const ordinal = known.get(message) ?? known.size + 1
    known.set(message, ordinal)
    return String(ordinal)
  }
}

export interface StepKey {
  readonly actor: string
  readonly turn: string
  readonly step: string
}

/** Asks are counted by the type that was asked. */
function withoutKey(step: string): string {
  return step.replace(/^ask ([^/ ]+)\/.* ([^ ]+)$/, 'ask $1 $2')
}

/** Of one step; `undefined` for none. */
export interface StepResult {
  readonly key: StepKey
  readonly result: unknown
}

function typeOf(address: string): string {
  return address === '' ? 'outside' : address.slice(0, address.indexOf('/'))
}

function turnsIn(
  segment: { readonly time: number; readonly directory: Uint8Array },
  reader: HistoryReader,
  into: Map<string, number[]>,
): void {
  const view = viewOf(segment.directory)
  for (let at = 0; at < segment.directory.length; at = nextRecord(view, at)) {
    if (view.getUint16(at + At.flags, true) & RecordFlag.dead) continue
    if (view.getUint8(at) !== RecordKind.turn) continue
    const type = typeOf(reader.address(view.getUint32(at + At.actor, true)))
    const what = `${type} ${reader.name(view.getUint32(at + At.name, true))}`
    const known = into.get(what)
    const ms = segment.time - getU48(view, at + At.time)
    if (known === undefined) into.set(what, [ms])
    else known.push(ms)
  }
}
