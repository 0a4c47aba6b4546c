/**
 * A new store that begins as another one was at a position, with messages changed: what would have
 * come of it?
 *
 *   copy ──► cut ──► change what waits ──► new identity ──► accept what came later ──► name it
 *
 * Invariants
 * 1. The old store is only read, and may be in use.
 * 2. The new one's name appears last, with a whole store behind it, or never.
 * 3. No message is changed that something of the kept history came from.
 *
 * Not here: running on, with a choice for each call out of a turn (`runtime/replay/open-fork.ts`), or live
 * with `createSystem` on the new file.
 */
import { randomUUID } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { TroupeError } from '../../mailbox/errors.ts'
import type { MessageId } from '../../mailbox/message-id.ts'
import { publish } from '../backup/files.ts'
import { encodeValue } from '../codec.ts'
import { isDamage } from '../decode.ts'
import type { HistoryReader } from '../history-reader.ts'
import { PartFlag, PartKind, RecordFlag, RecordKind } from '../record.ts'
import { SegmentBuilder } from '../segment.ts'
import { connect } from '../sqlite/connection.ts'
import { cutStore } from '../sqlite/cut.ts'
import { editMessage } from '../sqlite/edit-message.ts'
import { openSqliteStore } from '../sqlite/sqlite-store.ts'
import type { StoredMessage, StoredRecord } from '../stored.ts'
import { resolveId } from './lineage.ts'
import { idOf } from './record-view.ts'
import { openRecording } from './recording.ts'
import { selectPositions } from './scan.ts'
import { withSecretsOf } from './withheld.ts'

/** Where to cut, and what to change. */
export interface ForkOptions {
  /** The last record that is kept. */
  readonly at: number
  /** The store to make. */
  readonly out: string
  /** Other payloads for messages that had not been begun by then, or came from outside after it. */
  readonly edits?: readonly Edit[]
}

/** A message in place of a recorded one. */
export interface Edit {
  readonly id: MessageId
  /** `{ $secret: HASH }` in it is the recorded payload's secret of that hash (R5). */
  readonly payload: unknown
}

/** The store that a fork made. */
export interface Forked {
  readonly file: string
  /** Position of the last record, those of messages that came later included. */
  readonly position: number
  /** What was changed; `now` is the id of a message that came later and was accepted anew. */
  readonly edited: readonly { readonly id: MessageId; readonly now?: MessageId }[]
}

/**
 * @throws STORE_EXISTS when `out` is there; OPTION_INVALID for a position or an edit that does not fit;
 *   NOT_ENCODABLE, PAYLOAD_TOO_LARGE for a payload
 */
export async function forkStore(source: string, options: ForkOptions): Promise<Forked> {
  const file = resolve(options.out)
  refuseExisting(file)
  const plans = plan(source, options)
  const partial = `${file}.forking-${randomUUID()}`
  try {
    await copy(source, partial)
    cut(partial, options.at, plans)
    const { position, ids } = acceptLater(partial, plans)
    publish(partial, file)
    const edited = plans.map(({ id }) => {
      const now = ids.get(id)
      return now === undefined ? { id } : { id, now }
    })
    return { file, position: position ?? options.at, edited }
  } finally {
    for (const suffix of ['', '-wal', '-shm', '-lock', '-tail', '-journal']) {
      rmSync(partial + suffix, { force: true })
    }
  }
}

/** A WAL of another store would be taken for the new one's. @throws STORE_EXISTS */
export function refuseExisting(file: string): void {
  const there = ['', '-wal', '-tail'].find((suffix) => existsSync(file + suffix))
  if (there === undefined) return
  throw new TroupeError(
    'STORE_EXISTS',
    `${file}${there} is there, and nothing is overwritten; move it away, or name another file`,
    { fields: { file } },
  )
}

/** An edit, checked against the history. */
interface Plan {
  readonly id: MessageId
  readonly message: StoredMessage
  readonly payload: Uint8Array
  /** It came after the cut: it is accepted anew. */
  readonly isLater: boolean
}

function plan(source: string, { at, edits = [] }: ForkOptions): Plan[] {
  const { reader, close } = openRecording(source)
  try {
    if (!Number.isSafeInteger(at) || at < 1 || at > reader.position) {
      throw invalid(`expected a position from 1 to ${reader.position}, got ${at}`)
    }
    return edits.map((edit) => planEdit(reader, at, edit))
  } finally {
    close()
  }
}

function planEdit(reader: HistoryReader, at: number, { id, payload }: Edit): Plan {
  const known = resolveId(reader, id)
  const trace = traceOf(reader, known)
  if (trace === undefined) throw invalid(`the history holds no message ${id}`)
  const { message, home, begun } = trace
  if (begun !== undefined && begun <= at) {
    throw invalid(`${id} was begun in record ${begun}; fork before it, --at ${begun - 1}`)
  }
  const edited = withSecretsOf(message.payload, payload)
  const bytes = encodeValue(edited, `the new payload of ${id}`)
  const isLater = message.at.position > at
  if (isLater && !comesFromOutside(message, home)) {
    throw invalid(
      `${id} is sent by ${home.actor} in record ${home.position}, which the fork does not hold; it would be sent again, unchanged. Fork --at ${home.position} or later`,
    )
  }
  const isWaiting = (message.flags & (PartFlag.durable | PartFlag.topic)) !== 0
  if (!isWaiting) throw invalid(`${id} went to a volatile actor and waits nowhere`)
  return { id, message, payload: bytes, isLater }
}

/** Nothing in the history will send it again. */
function comesFromOutside(message: StoredMessage, home: StoredRecord): boolean {
  return home.kind === RecordKind.accept || (message.flags & PartFlag.inline) !== 0
}

interface Trace {
  readonly message: StoredMessage
  /** The record that holds it. */
  readonly home: StoredRecord
  /** The first record of its turn: a step, an interrupt, the turn itself; putting it aside is none. */
  readonly begun?: number
}

function traceOf(reader: HistoryReader, id: MessageId): Trace | undefined {
  let found: Omit<Trace, 'begun'> | undefined
  for (const position of selectPositions(reader)) {
    const record = typeof position === 'number' ? reader.record(position) : position
    if (record === undefined || isDamage(record)) continue
    const stored = record as StoredRecord
    found ??= messageIn(stored, id)
    if (idOf(stored.message) === id && !(stored.flags & RecordFlag.stash)) {
      return found && { ...found, begun: stored.position }
    }
  }
  return found
}

function messageIn(home: StoredRecord, id: MessageId): Omit<Trace, 'begun'> | undefined {
  for (const part of home.parts) {
    if (part.kind === PartKind.message && idOf(part.message.ref) === id) {
      return { message: part.message, home }
    }
  }
  return undefined
}

async function copy(source: string, target: string): Promise<void> {
  const connection = connect(source, { readonly: true })
  try {
    await connection.copyTo(target, () => 1_024)
  } finally {
    connection.close()
  }
}

function cut(partial: string, at: number, plans: readonly Plan[]): void {
  const connection = connect(partial)
  try {
    cutStore(partial, connection, at)
    for (const { message, payload, isLater } of plans) {
      if (!isLater) editMessage(partial, connection, message.at, payload)
    }
    connection.prepare("UPDATE meta SET value = ? WHERE key = 'id'").run(randomUUID())
  } finally {
    connection.close()
  }
}

/** Messages that came after the cut come now, in the order they came then. */
function acceptLater(
  partial: string,
  plans: readonly Plan[],
): { position?: number; ids: ReadonlyMap<MessageId, MessageId> } {
  const later = plans
    .filter(({ isLater }) => isLater)
    .sort((a, b) => a.message.at.position - b.message.at.position)
  const ids = new Map<MessageId, MessageId>()
  if (later.length === 0) return { ids }
  const store = openSqliteStore(partial)
  try {
    const build = new SegmentBuilder(0, store.beginEpoch(0))
    for (const { message, payload } of later) {
      build.record({ kind: RecordKind.accept, time: message.time })
      build.message({
        to: message.topic ?? message.to,
        from: message.from,
        name: message.name,
        lane: message.lane,
        // Nobody waits for an answer any more, and its deadline was then.
        flags: message.flags & (PartFlag.durable | PartFlag.topic),
        version: message.version,
        payload,
        ...(message.ownId !== undefined && { ownId: message.ownId }),
      })
    }
    const [ack] = store.commit([build.take()])
    const refused = ack?.refused[0]
    if (refused !== undefined) throw invalid(`the edit does not fit: ${refused.detail}`)
    const base = ack?.base ?? 0
    later.forEach(({ id }, i) => {
      ids.set(id, idOf({ position: base + i, index: 0 }))
    })
    return { position: store.position, ids }
  } finally {
    store.close()
  }
}

function invalid(why: string): TroupeError {
  return new TroupeError('OPTION_INVALID', `fork: ${why}`)
}
