/**
 * Where a message came from and what it led to, from the cause that every message carries.
 *
 * Nothing is indexed: what is in memory is the answer. A tree is found by passes over the directories,
 * until one adds no message: what a message led to is recorded after it, but for messages that were only
 * in memory, which are known from the first record that names them. Two passes find most trees.
 */
import { TroupeError } from '../../mailbox/errors.ts'
import { type MessageId, parseMessageId } from '../../mailbox/message-id.ts'
import { isDamage, partsOf, readMessage } from '../decode.ts'
import { At, entrySize, inlineIndex, MessageAt, nextRecord, viewOf } from '../directory.ts'
import type { HistoryReader } from '../history-reader.ts'
import { placesIn } from '../places.ts'
import { PartFlag, PartKind, RecordFlag } from '../record.ts'
import type { Damage } from '../stored.ts'
import { MessageFamily } from './message-family.ts'
import { idOf, type MessageView, type RecordView, viewMessage, viewRecord } from './record-view.ts'

/** A message, the records that are about it, and the messages that its turn sent. */
export interface MessageTree {
  readonly id: MessageId
  /** Absent when its record cannot be read, or only its id is known. */
  readonly message?: MessageView
  readonly records: readonly (RecordView | Damage)[]
  readonly children: readonly MessageTree[]
}

/** Deepest tree that is drawn; what lies below is counted by nobody and told as cut. */
const deepest = 1_000

/** The tree that a message led to. @throws OPTION_INVALID for an id that is not in the history */
export function causeTree(reader: HistoryReader, id: MessageId): MessageTree {
  const root = resolveId(reader, id)
  const family = new MessageFamily([root])
  while (sweep(reader, family));
  if (!family.isKnown(root)) throw unknown(root)
  return treeOf(reader, family, root)
}

/** The chain back to its origin: the message first, what came from outside last. */
export function whyChain(reader: HistoryReader, id: MessageId): MessageTree[] {
  const chain = new Set<MessageId>()
  for (let next: MessageId | undefined = resolveId(reader, id); next !== undefined; ) {
    if (chain.has(next)) break
    chain.add(next)
    next = causeOf(reader, next)
  }
  const [first] = chain
  const family = new MessageFamily([...chain], false)
  sweep(reader, family)
  if (first === undefined || !family.isKnown(first)) throw unknown(id)
  return [...chain].map((one) => ({ ...described(reader, family, one), children: [] }))
}

/** Of a message that was born in a record without a search; of one that was in memory with one. */
function causeOf(reader: HistoryReader, id: MessageId): MessageId | undefined {
  const born = parseMessageId(id)?.a ?? 0
  if (born > 0) {
    const cause = messageAt(reader, born, id)?.cause
    return cause === id ? undefined : cause
  }
  const alone = new MessageFamily([id], false)
  sweep(reader, alone)
  return alone.causeOf(id)
}

/** The id of a message, which may be given as its own id. @throws OPTION_INVALID */
export function resolveId(reader: HistoryReader, id: MessageId): MessageId {
  if (parseMessageId(id) !== undefined) return id
  for (const segment of reader.segments(1, reader.position)) {
    if (isDamage(segment)) continue
    for (const place of placesIn(segment)) {
      for (const part of partsOf(place)) {
        if (!hasOwnId(place.view, part)) continue
        const message = readMessage(place, part, reader)
        if (message?.ownId === id) return idOf(message.ref)
      }
    }
  }
  throw unknown(id)
}

function hasOwnId(view: DataView, part: number): boolean {
  if (view.getUint8(part) !== PartKind.message) return false
  const flags = view.getUint16(part + At.flags, true)
  return (flags & PartFlag.ownId) !== 0 && (flags & PartFlag.dead) === 0
}

function unknown(id: MessageId): TroupeError {
  return new TroupeError(
    'OPTION_INVALID',
    `the history holds no message ${JSON.stringify(id)}; \`troupe history\` shows ids, like @p12.0 or @v3.17`,
  )
}

/** One pass over the directories. @returns true when the family has grown */
function sweep(reader: HistoryReader, family: MessageFamily): boolean {
  let grew = false
  family.restart()
  for (const segment of reader.directories(1, reader.position)) {
    if (isDamage(segment)) continue
    const view = viewOf(segment.directory)
    let { position } = segment
    for (let at = 0; at < segment.directory.length; at = nextRecord(view, at)) {
      if (view.getUint16(at + At.flags, true) & RecordFlag.dead) continue
      grew = look(family, view, at, position) || grew
      position += 1
    }
  }
  return grew
}

function look(family: MessageFamily, view: DataView, at: number, position: number): boolean {
  const [a, b] = refAt(view, at + At.position, at + At.index)
  family.at(a, b)?.records.push(position)
  let grew = false
  const end = nextRecord(view, at)
  for (let part = at + entrySize; part < end; part += entrySize) {
    if (view.getUint8(part) !== PartKind.message) continue
    if (view.getUint16(part + At.flags, true) & PartFlag.dead) continue
    const index = view.getUint32(part + MessageAt.index, true)
    const [c, d] = index === inlineIndex ? [a, b] : [position, index]
    const cause = refAt(view, part + MessageAt.causePosition, part + MessageAt.causeIndex)
    const member = family.at(c, d)
    if (member !== undefined && member.home === undefined) {
      member.home = position
      if (cause[0] !== 0) member.cause = idOf({ position: cause[0], index: cause[1] })
    }
    const parent = family.at(...cause)
    if (parent === undefined) continue
    const id = idOf({ position: c, index: d })
    if (id !== parent.id) grew = family.born(parent, id) || grew
  }
  return grew
}

function refAt(view: DataView, position: number, index: number): readonly [number, number] {
  return [view.getFloat64(position, true), view.getUint32(index, true)]
}

function treeOf(reader: HistoryReader, family: MessageFamily, root: MessageId): MessageTree {
  const seen = new Set<MessageId>()
  const grow = (id: MessageId, depth: number): MessageTree => {
    seen.add(id)
    const below = depth === deepest ? [] : (family.get(id)?.children ?? [])
    const children = [...new Set(below)]
      .filter((one) => !seen.has(one))
      .map((one) => grow(one, depth + 1))
    return { ...described(reader, family, id), children }
  }
  return grow(root, 0)
}

function described(
  reader: HistoryReader,
  family: MessageFamily,
  id: MessageId,
): Omit<MessageTree, 'children'> {
  const { home, records = [] } = family.get(id) ?? {}
  const message = messageAt(reader, home, id)
  const views = records.flatMap((position) => {
    const record = reader.record(position)
    if (record === undefined) return []
    return [isDamage(record) ? record : viewRecord(record)]
  })
  return { id, ...(message && { message }), records: views }
}

function messageAt(
  reader: HistoryReader,
  home: number | undefined,
  id: MessageId,
): MessageView | undefined {
  const record = home === undefined ? undefined : reader.record(home)
  if (record === undefined || isDamage(record)) return undefined
  for (const part of record.parts) {
    if (part.kind === PartKind.message && idOf(part.message.ref) === id) {
      return viewMessage(part.message)
    }
  }
  return undefined
}
