/**
 * Which records of a history are wanted, decided on directories alone: no body is read for a record
 * that is not shown. Only `text` looks into the bodies of what the rest lets through.
 *
 * Texts are numbers in a directory, so each number is judged once and remembered.
 */
import { type LaneName, laneNames } from '../../mailbox/lane.ts'
import { anInteger, aText, checkOptions, oneOf } from '../../mailbox/options.ts'
import { At, entrySize, getU48, MessageAt, nextRecord, TimerAt } from '../directory.ts'
import type { HistoryReader } from '../history-reader.ts'
import { PartFlag, PartKind, RecordFlag, RecordKind } from '../record.ts'
import { checkPattern, matchesTopic } from '../topic.ts'

/** How a record ended, as its directory tells. */
export type RecordOutcome = 'ok' | 'failed' | 'stashed' | 'parked' | 'dead-letter'

/** Every outcome that a filter can name. */
export const recordOutcomes: readonly RecordOutcome[] = Object.freeze([
  'ok',
  'failed',
  'stashed',
  'parked',
  'dead-letter',
])

/** Absent fields match everything; all that are there must match. */
export interface HistoryFilter {
  /** Records of this actor, `type/key`, and those without an actor that hold a message to it. */
  readonly actor?: string
  /** The same for all actors of a type. */
  readonly type?: string
  /** Sender of the record's message or of a message in it, `type/key`. */
  readonly from?: string
  /** Name of the handler, step or message. */
  readonly name?: string
  /** Topic pattern of a published message. */
  readonly topic?: string
  readonly lane?: LaneName
  /** Wall time in ms, inclusive. */
  readonly since?: number
  /** Wall time in ms, inclusive. */
  readonly until?: number
  readonly outcome?: RecordOutcome
  /** Only what went wrong: failed, parked, dead letters. */
  readonly failed?: boolean
  /** Positions, inclusive. */
  readonly first?: number
  readonly last?: number
  /** In a name or in a value, upper and lower case alike. */
  readonly text?: string
}

const position = anInteger(1)
const time = anInteger(0)
const checks = {
  actor: aText,
  type: aText,
  from: aText,
  name: aText,
  topic: aText,
  lane: oneOf(...laneNames),
  since: time,
  until: time,
  outcome: oneOf(...recordOutcomes),
  failed: oneOf(true, false),
  first: position,
  last: position,
  text: aText,
}

/** @throws OPTION_INVALID, ADDRESS_INVALID for a pattern that is none */
export function checkFilter(filter: HistoryFilter): void {
  checkOptions('history', filter, checks)
  if (filter.topic !== undefined) checkPattern(filter.topic)
}

type Test = (view: DataView, at: number) => boolean

/** A filter over one store's directories. */
export class Selector {
  readonly #tests: readonly Test[]

  constructor(filter: HistoryFilter, reader: HistoryReader) {
    checkFilter(filter)
    this.#tests = testsOf(filter, reader)
  }

  /** Whether the record entry at `at` is wanted, as far as its directory tells. */
  wants(view: DataView, at: number): boolean {
    for (const test of this.#tests) if (!test(view, at)) return false
    return true
  }
}

/** Cheap ones first: a record that fails one is not looked at again. */
function testsOf(filter: HistoryFilter, reader: HistoryReader): Test[] {
  const { actor, type, from, name, topic, lane, since, until, outcome, failed } = filter
  const tests: Test[] = []
  if (since !== undefined) tests.push((view, at) => getU48(view, at + At.time) >= since)
  if (until !== undefined) tests.push((view, at) => getU48(view, at + At.time) <= until)
  if (failed) tests.push(wentWrong)
  if (outcome !== undefined) tests.push((view, at) => outcomeAt(view, at) === outcome)
  if (lane !== undefined) tests.push(inLane(laneNames.indexOf(lane)))
  if (actor !== undefined) tests.push(concerns(addresses(reader, (one) => one === actor)))
  if (type !== undefined) {
    tests.push(concerns(addresses(reader, (one) => one.startsWith(`${type}/`))))
  }
  if (from !== undefined) tests.push(sentBy(addresses(reader, (one) => one === from)))
  if (name !== undefined) tests.push(named(names(reader, (one) => one === name)))
  if (topic !== undefined) tests.push(published(names(reader, (one) => reaches(topic, one))))
  return tests
}

/** A name may be anything; only a topic reaches a pattern. */
function reaches(pattern: string, name: string): boolean {
  return matchesTopic(pattern, name)
}

/** How the record at `at` ended. */
export function outcomeAt(view: DataView, at: number): RecordOutcome {
  const kind = view.getUint8(at) as RecordKind
  return outcomeOf(kind, view.getUint16(at + At.flags, true))
}

/** How a record ended. */
export function outcomeOf(kind: RecordKind, flags: number): RecordOutcome {
  if (kind === RecordKind.parked) return 'parked'
  if (kind === RecordKind.deadLetter) return 'dead-letter'
  if (flags & RecordFlag.failed) return 'failed'
  return flags & RecordFlag.stash ? 'stashed' : 'ok'
}

function wentWrong(view: DataView, at: number): boolean {
  const outcome = outcomeAt(view, at)
  return outcome !== 'ok' && outcome !== 'stashed'
}

/** Judges numbers, each once. */
type Judge = (no: number) => boolean

/** Addresses come a page at a time: one by one they would cost more than the search. */
function addresses(reader: HistoryReader, matches: (text: string) => boolean): Judge {
  const known = new Map<number, string>()
  return remembered((no) => {
    if (!known.has(no)) {
      known.clear()
      for (const row of reader.actors(no - 1, addressPage)) known.set(row.no, row.actor)
    }
    return matches(known.get(no) ?? reader.address(no))
  })
}

const addressPage = 4_096

function names(reader: HistoryReader, matches: (text: string) => boolean): Judge {
  return remembered((no) => matches(reader.name(no)))
}

function remembered(judge: Judge): Judge {
  let known = new Uint8Array(1_024)
  return (no) => {
    if (no === 0) return false
    if (no >= known.length) {
      const larger = new Uint8Array(Math.max(no + 1, known.length * 2))
      larger.set(known)
      known = larger
    }
    if (known[no] === 0) known[no] = judge(no) ? 2 : 1
    return known[no] === 2
  }
}

function concerns(wanted: Judge): Test {
  const isTo = (view: DataView, part: number): boolean =>
    isPublished(view, part) ? false : wanted(view.getUint32(part + MessageAt.to, true))
  return (view, at) => {
    const no = view.getUint32(at + At.actor, true)
    return no === 0 ? anyMessage(view, at, isTo) : wanted(no)
  }
}

function sentBy(wanted: Judge): Test {
  const isFrom = (view: DataView, part: number): boolean =>
    wanted(view.getUint32(part + MessageAt.from, true))
  return (view, at) => wanted(view.getUint32(at + At.sender, true)) || anyMessage(view, at, isFrom)
}

function named(wanted: Judge): Test {
  const isNamed = (view: DataView, part: number): boolean =>
    wanted(view.getUint32(part + TimerAt.name, true))
  return (view, at) => wanted(view.getUint32(at + At.name, true)) || anyMessage(view, at, isNamed)
}

function published(wanted: Judge): Test {
  const isOnTopic = (view: DataView, part: number): boolean =>
    isPublished(view, part) && wanted(view.getUint32(part + MessageAt.to, true))
  return (view, at) => anyMessage(view, at, isOnTopic)
}

function inLane(lane: number): Test {
  const isIn = (view: DataView, part: number): boolean => view.getUint8(part + At.lane) === lane
  return (view, at) =>
    view.getUint32(at + At.actor, true) === 0
      ? anyMessage(view, at, isIn)
      : view.getUint8(at + At.lane) === lane
}

function isPublished(view: DataView, part: number): boolean {
  return (view.getUint16(part + At.flags, true) & PartFlag.topic) !== 0
}

function anyMessage(view: DataView, at: number, matches: Test): boolean {
  const end = nextRecord(view, at)
  for (let part = at + entrySize; part < end; part += entrySize) {
    if (view.getUint8(part) !== PartKind.message) continue
    if (view.getUint16(part + At.flags, true) & PartFlag.dead) continue
    if (matches(view, part)) return true
  }
  return false
}
