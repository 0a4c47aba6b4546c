/**
 * Two histories beside each other: the first record that differs, then what differs in states,
 * messages, steps and durations.
 *
 * Owns what counts as the same: a record is what it says, not when it said it. Times, deadlines, stacks
 * and headers (trace ids) are left out, and so are the numbers of thread incarnations, which differ
 * from run to run: a message that was only in memory is known by its place among those of its run.
 */
import { isDeepStrictEqual } from 'node:util'
import { isDamage } from '../decode.ts'
import { At, getU48, nextRecord, viewOf } from '../directory.ts'
import type { HistoryReader } from '../history-reader.ts'
import { RecordFlag, RecordKind } from '../record.ts'
import type { Damage, StoredRecord } from '../stored.ts'
import { type Difference, differences } from './differences.ts'
import { type RecordView, recordToJson, viewRecord } from './record-view.ts'
import { recordedToJson } from './recorded-value.ts'
import { stateAt } from './state-at.ts'

/** Where two histories part, and what came of it. */
export interface Comparison {
  /** Undefined when both histories say the same from their first record to their last. */
  readonly first?: FirstDifference
  readonly states: readonly StateDifference[]
  /** Messages handled and sent, counted by receiver's type, name and outcome; only those that differ. */
  readonly messages: readonly CountDifference[]
  /** Steps of the same place whose results differ, or that only one of them has. */
  readonly steps: readonly StepDifference[]
  readonly durations: readonly DurationDifference[]
  /** What could not be read, and so was not compared. */
  readonly damages: readonly { readonly side: 'a' | 'b'; readonly damage: Damage }[]
}

export interface FirstDifference {
  readonly position: number
  /** Absent where the history has ended before. */
  readonly a?: RecordView
  readonly b?: RecordView
  readonly differences: readonly Difference[]
}

export interface StateDifference {
  readonly actor: string
  /** Which of them know the actor. */
  readonly in: 'a' | 'b' | 'both'
  readonly differences: readonly Difference[]
}

export interface CountDifference {
  /** `type message outcome`. */
  readonly what: string
  readonly a: number
  readonly b: number
}

export interface StepDifference {
  readonly actor: string
  readonly turn: string
  /** `name#n`. */
  readonly step: string
  readonly a?: unknown
  readonly b?: unknown
}

export interface DurationDifference {
  /** `type message`. */
  readonly what: string
  /** Median ms from the start of a turn to its commit, and how many turns. */
  readonly a: { readonly median: number; readonly turns: number }
  readonly b: { readonly median: number; readonly turns: number }
}

/** True when the two say the same; durations always differ. */
export function isSame({ first, states, messages, steps }: Comparison): boolean {
  return first === undefined && [states, messages, steps].every(({ length }) => length === 0)
}

/** Reads both to their ends. */
export function compareHistories(a: HistoryReader, b: HistoryReader): Comparison {
  const [left, right] = [new Side(a), new Side(b)]
  const first = firstDifference(left, right)
  left.rest()
  right.rest()
  return {
    ...(first && { first }),
    states: [...stateDifferences(a, b, first?.position ?? Number.POSITIVE_INFINITY)],
    messages: [...countDifferences(left.counts, right.counts)],
    steps: [...stepDifferences(left.steps, right.steps)],
    durations: [...durationDifferences(left.durations(), right.durations())],
    damages: [
      ...left.damages.map((damage) => ({ side: 'a' as const, damage })),
      ...right.damages.map((damage) => ({ side: 'b' as const, damage })),
    ],
  }
}

/** One history on its way to its end. */
class Side {
  readonly counts = new Map<string, number>()
  readonly steps = new Map<string, { readonly key: StepKey; readonly result: unknown }>()
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
    const ordinal = this.#ordinal(actor, message)
    const key = { actor, turn: ordinal, step: `${name}#${step}` }
    this.steps.set(JSON.stringify(key), {
      key,
      result: value === undefined ? undefined : spoken(recordedToJson(value)),
    })
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

interface StepKey {
  readonly actor: string
  readonly turn: string
  readonly step: string
}

function typeOf(address: string): string {
  return address === '' ? 'outside' : address.slice(0, address.indexOf('/'))
}

function firstDifference(a: Side, b: Side): FirstDifference | undefined {
  for (let position = 1; ; position += 1) {
    const [left, right] = [a.next(), b.next()]
    if (left === undefined && right === undefined) return undefined
    const views = [left, right].map((one) =>
      one !== undefined && 'view' in one ? one.view : undefined,
    )
    const [x, y] = views.map((view) => view && said(view))
    if (left !== undefined && right !== undefined && isDeepStrictEqual(x, y)) continue
    return {
      position,
      ...(views[0] && { a: views[0] }),
      ...(views[1] && { b: views[1] }),
      differences: x === undefined || y === undefined ? [] : [...differences(x, y)],
    }
  }
}

/** What a record says, without when and without what names only a run. */
function said(view: RecordView): unknown {
  const { at: _at, message, notes: _notes, ...rest } = recordToJson(view)
  return spoken({ ...rest, message: runless(message) })
}

/** Leaves out stacks, and the incarnation in the ids of messages that were only in memory. */
function spoken(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(spoken)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key]) => key !== 'stack')
  return Object.fromEntries(
    entries.map(([key, one]) => [
      key,
      key === 'id' || key === 'cause' ? runless(one) : spoken(one),
    ]),
  )
}

function runless(id: unknown): unknown {
  return typeof id === 'string' ? id.replace(/^@v\d+\.\d+$/, '@v') : id
}

/** Actors that no record after the first difference is about fold to the same in both. */
function* stateDifferences(
  a: HistoryReader,
  b: HistoryReader,
  from: number,
): Generator<StateDifference> {
  const [left, right] = [changedIn(a, from), changedIn(b, from)]
  for (const actor of new Set([...left, ...right])) {
    const [x, y] = [stateOf(a, actor), stateOf(b, actor)]
    if (x === undefined && y === undefined) continue
    const found = [...differences(x?.value, y?.value)]
    if (found.length === 0) continue
    const where = y === undefined ? 'a' : x === undefined ? 'b' : 'both'
    yield { actor, in: where, differences: found }
  }
}

function changedIn(reader: HistoryReader, from: number): Set<string> {
  const numbers = new Set<number>()
  if (from > reader.position) return new Set()
  for (const segment of reader.directories(from, reader.position)) {
    if (isDamage(segment)) continue
    const view = viewOf(segment.directory)
    for (let at = 0; at < segment.directory.length; at = nextRecord(view, at)) {
      if ((view.getUint16(at + At.flags, true) & RecordFlag.dead) === 0) {
        numbers.add(view.getUint32(at + At.actor, true))
      }
    }
  }
  numbers.delete(0)
  return new Set([...numbers].map((no) => reader.address(no)))
}

/** Damage is told once, by the record that has it. */
function stateOf(reader: HistoryReader, actor: string): { readonly value: unknown } | undefined {
  const found = stateAt(reader, actor)
  return isDamage(found) ? undefined : found.state
}

function* countDifferences(
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>,
): Generator<CountDifference> {
  for (const what of [...new Set([...a.keys(), ...b.keys()])].sort()) {
    const [x, y] = [a.get(what) ?? 0, b.get(what) ?? 0]
    if (x !== y) yield { what, a: x, b: y }
  }
}

function* stepDifferences(a: Side['steps'], b: Side['steps']): Generator<StepDifference> {
  for (const id of new Set([...a.keys(), ...b.keys()])) {
    const [x, y] = [a.get(id), b.get(id)]
    if (x !== undefined && y !== undefined && isDeepStrictEqual(x.result, y.result)) continue
    const { key } = (x ?? y) as { key: StepKey }
    yield { ...key, ...(x && { a: x.result }), ...(y && { b: y.result }) }
  }
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

function* durationDifferences(
  a: ReadonlyMap<string, number[]>,
  b: ReadonlyMap<string, number[]>,
): Generator<DurationDifference> {
  for (const what of [...new Set([...a.keys(), ...b.keys()])].sort()) {
    yield { what, a: summed(a.get(what) ?? []), b: summed(b.get(what) ?? []) }
  }
}

function summed(durations: readonly number[]): { median: number; turns: number } {
  const sorted = durations.toSorted((x, y) => x - y)
  return { median: sorted[Math.floor(sorted.length / 2)] ?? 0, turns: sorted.length }
}
