/**
 * An actor's state after any of its records, and which record last changed a place in it.
 *
 * The same fold as recovery (R4), from the newest snapshot at or before the position; blame folds from
 * the actor's first record, because a snapshot does not say when something changed.
 */
import { isDeepStrictEqual } from 'node:util'
import { TroupeError } from '../../mailbox/errors.ts'
import { decodeValue } from '../codec.ts'
import { copyEncodable } from '../copy.ts'
import { isDamage, missing } from '../decode.ts'
import { At, getU48 } from '../directory.ts'
import { foldState, versionOf } from '../fold.ts'
import type { HistoryReader } from '../history-reader.ts'

import { applyPatch, type Patch, patchPaths } from '../patch.ts'
import { RecordFlag, RecordKind } from '../record.ts'
import type { Damage, StoredRecord } from '../stored.ts'
import { mayTouch, parsePlace, valueAt } from './place.ts'

/** An actor as it was after one of its records. */
export interface ActorState {
  readonly actor: string
  /** Its newest record at or before the position that was asked for; 0 when it has none. */
  readonly position: number
  /** Number of its newest turn there, 0 before the first. */
  readonly turn: number
  /** Of the state (D9), 0 without one. Nothing here migrates: it is as it was then. */
  readonly version: number
  /** Undefined when nothing was ever written, or it was destroyed. */
  readonly state: { readonly value: unknown } | undefined
}

/** A point in an actor's life: a position of the history, or the end of one of its turns. */
export type Point = { readonly position: number } | { readonly turn: number }

/**
 * The state after the last record at or before `at`; by default the newest.
 * @returns what cannot be read, when the state hangs on it (D4)
 * @throws OPTION_INVALID for a turn that the actor never had; STORE_CORRUPT when a change does not fit
 */
export function stateAt(
  reader: HistoryReader,
  actor: string,
  at: Point = { position: reader.position },
): ActorState | Damage {
  const position = 'turn' in at ? turnPosition(reader, actor, at.turn) : at.position
  if (typeof position !== 'number') return position
  const head = reader.latest(actor, Math.min(position, reader.position))
  if (typeof head !== 'number') return head
  if (head === 0) return { actor, position: 0, turn: 0, version: 0, state: undefined }
  const place = reader.place(head) ?? missing(head)
  if (isDamage(place)) return place
  const no = place.view.getUint32(place.at + At.actor, true)
  const chain = reader.chain({ no, head })
  if (isDamage(chain)) return chain
  const state = foldState(chain)
  const version = state === undefined ? 0 : Math.max(1, versionOf(chain))
  return { actor, position: head, turn: lastTurn(reader, head), version, state }
}

/** Number of the newest turn at or before one of the actor's records; turns begin anew after its end. */
function lastTurn(reader: HistoryReader, head: number): number {
  for (let position = head; position > 0; ) {
    const place = reader.place(position)
    if (place === undefined || isDamage(place)) return 0
    if (place.view.getUint8(place.at) === RecordKind.turn) {
      return getU48(place.view, place.at + At.turn)
    }
    position = getU48(place.view, place.at + At.previous)
  }
  return 0
}

/**
 * Where a turn of an actor is recorded; of several, after it was destroyed, the newest. Directories
 * alone tell, so a damaged body on the way stops nobody.
 */
function turnPosition(reader: HistoryReader, actor: string, turn: number): number | Damage {
  const head = reader.latest(actor, reader.position)
  if (typeof head !== 'number') return head
  for (let position = head; position > 0; ) {
    const place = reader.place(position) ?? missing(position)
    if (isDamage(place)) return place
    const { view, at } = place
    const isTurn = view.getUint8(at) === RecordKind.turn
    if (isTurn && getU48(view, at + At.turn) === turn) return position
    position = getU48(view, at + At.previous)
  }
  throw new TroupeError('OPTION_INVALID', `${actor} had no turn ${turn} in this history`)
}

/** An actor's records, newest first, until one cannot be read. */
export function* back(
  reader: HistoryReader,
  actor: string,
  at = reader.position,
): Generator<StoredRecord | Damage> {
  const head = reader.latest(actor, at)
  if (typeof head !== 'number') {
    yield head
    return
  }
  for (let position = head; position > 0; ) {
    const record: StoredRecord | Damage = reader.record(position) ?? missing(position)
    yield record
    if (isDamage(record)) return
    position = (record as StoredRecord).previous
  }
}

/** The record that last changed a place, with the values before and after. */
export interface Blame {
  readonly record: StoredRecord
  readonly before: unknown
  readonly after: unknown
}

/**
 * Which of an actor's records up to `at` last changed a place, for example `entries[0].amount`; the
 * empty place is the whole state.
 *
 * @returns undefined when nothing ever changed it
 * @throws OPTION_INVALID for a place that cannot be read; STORE_CORRUPT when a change does not fit
 */
export function blame(
  reader: HistoryReader,
  actor: string,
  path: string,
  at = reader.position,
): Blame | Damage | undefined {
  const place = parsePlace(path)
  const records: StoredRecord[] = []
  for (const record of back(reader, actor, at)) {
    if (isDamage(record)) return record
    records.push(record as StoredRecord)
  }
  let found: Blame | undefined
  let state: unknown
  let before: unknown
  for (const record of records.reverse()) {
    const patch = record.patch && (decodeValue(record.patch) as Patch)
    const changes = record.kind === RecordKind.destroyed || record.state !== undefined
    const may = changes || (patch !== undefined && mayTouch(patchPaths(patch), path))
    state = next(state, record, patch)
    if (!may) continue
    // Patches change a state in place, so what is kept is a copy.
    const after = copyEncodable(valueAt(state, place))
    if (!isDeepStrictEqual(before, after)) found = { record, before, after }
    before = after
  }
  return found
}

function next(state: unknown, record: StoredRecord, patch: Patch | undefined): unknown {
  if (record.kind === RecordKind.destroyed) return undefined
  const base = record.flags & RecordFlag.whole && record.state ? decodeValue(record.state) : state
  return patch === undefined ? base : applyPatch(base, patch)
}
