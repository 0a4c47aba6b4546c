/**
 * Two histories beside each other: the first record that differs, then what differs in states,
 * messages, steps, usage and durations. What counts as the same is said by `said.ts`.
 */
import { isDeepStrictEqual } from 'node:util'
import { isDamage } from '../decode.ts'
import { At, nextRecord, viewOf } from '../directory.ts'
import type { HistoryReader } from '../history-reader.ts'
import { RecordFlag } from '../record.ts'
import type { Damage } from '../stored.ts'
import { type Difference, differences } from './differences.ts'
import { HistorySide, type StepKey, type StepResult } from './history-side.ts'
import type { RecordView } from './record-view.ts'
import { said } from './said.ts'
import { stateAt } from './state-at.ts'
import type { Usage } from './usage.ts'

/** Where two histories part, and what came of it. */
export interface Comparison {
  /** Undefined when both histories say the same from their first record to their last. */
  readonly first?: FirstDifference
  readonly states: readonly StateDifference[]
  /** Messages handled and sent, counted by receiver's type, name and outcome; only those that differ. */
  readonly messages: readonly CountDifference[]
  /** Steps of the same place whose results differ, or that only one of them has. */
  readonly steps: readonly StepDifference[]
  /** What calls of models used, by actor's type and step; only where it differs. */
  readonly usage: readonly UsageDifference[]
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

export interface UsageDifference {
  /** `type step`. */
  readonly what: string
  /** Sums of what the results of these steps say they used: tokens, cost. */
  readonly a: Usage
  readonly b: Usage
}

export interface DurationDifference {
  /** `type message`. */
  readonly what: string
  /** Median ms from the start of a turn to its commit, and how many turns. */
  readonly a: { readonly median: number; readonly turns: number }
  readonly b: { readonly median: number; readonly turns: number }
}

/** True when the two say the same; durations always differ. */
export function isSame({ first, states, messages, steps, usage }: Comparison): boolean {
  return first === undefined && [states, messages, steps, usage].every(({ length }) => length === 0)
}

/** Reads both to their ends. */
export function compareHistories(a: HistoryReader, b: HistoryReader): Comparison {
  const [left, right] = [new HistorySide(a), new HistorySide(b)]
  const first = firstDifference(left, right)
  left.rest()
  right.rest()
  return {
    ...(first && { first }),
    states: [...stateDifferences(a, b, first?.position ?? Number.POSITIVE_INFINITY)],
    messages: [...countDifferences(left.counts, right.counts)],
    steps: [...stepDifferences(left.steps, right.steps)],
    usage: [...usageDifferences(left.usage, right.usage)],
    durations: [...durationDifferences(left.durations(), right.durations())],
    damages: [
      ...left.damages.map((damage) => ({ side: 'a' as const, damage })),
      ...right.damages.map((damage) => ({ side: 'b' as const, damage })),
    ],
  }
}

function firstDifference(a: HistorySide, b: HistorySide): FirstDifference | undefined {
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

function* stepDifferences(
  a: ReadonlyMap<string, StepResult>,
  b: ReadonlyMap<string, StepResult>,
): Generator<StepDifference> {
  for (const id of new Set([...a.keys(), ...b.keys()])) {
    const [x, y] = [a.get(id), b.get(id)]
    if (x !== undefined && y !== undefined && isDeepStrictEqual(x.result, y.result)) continue
    const { key } = (x ?? y) as { key: StepKey }
    yield { ...key, ...(x && { a: x.result }), ...(y && { b: y.result }) }
  }
}

function* usageDifferences(
  a: ReadonlyMap<string, Usage>,
  b: ReadonlyMap<string, Usage>,
): Generator<UsageDifference> {
  for (const what of [...new Set([...a.keys(), ...b.keys()])].sort()) {
    const [x, y] = [a.get(what) ?? {}, b.get(what) ?? {}]
    if (!isDeepStrictEqual(x, y)) yield { what, a: x, b: y }
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
