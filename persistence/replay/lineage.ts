/**
 * Where a message came from and what it led to, from the cause that every message carries.
 *
 * The index over causes is built from directories alone. A message that was only in memory is known
 * from the first record that names it, which may come after records that it led to: so the index
 * covers the whole history before a tree is drawn.
 */
import { TroupeError } from '../../mailbox/errors.ts'
import { type MessageId, parseMessageId } from '../../mailbox/message-id.ts'
import { isDamage, partsOf, placesIn, readMessage } from '../decode.ts'
import { At, entrySize, inlineIndex, MessageAt, nextRecord, viewOf } from '../directory.ts'
import type { HistoryReader } from '../history-reader.ts'
import { PartFlag, PartKind, RecordFlag } from '../record.ts'
import type { Damage } from '../stored.ts'
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
  const lineage = new Lineage(reader)
  return lineage.tree(lineage.known(id))
}

/** The chain back to its origin: the message first, what came from outside last. */
export function whyChain(reader: HistoryReader, id: MessageId): MessageTree[] {
  const lineage = new Lineage(reader)
  const chain: MessageTree[] = []
  const seen = new Set<MessageId>()
  for (let next: MessageId | undefined = lineage.known(id); next !== undefined; ) {
    if (seen.has(next)) break
    seen.add(next)
    const one = lineage.describe(next)
    chain.push({ ...one, children: [] })
    next = lineage.cause(next)
  }
  return chain
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

class Lineage {
  readonly #reader: HistoryReader
  readonly #causes = new Map<MessageId, MessageId>()
  readonly #children = new Map<MessageId, MessageId[]>()
  /** Where the message itself is read. */
  readonly #homes = new Map<MessageId, number>()
  /** Records that are about it. */
  readonly #records = new Map<MessageId, number[]>()

  constructor(reader: HistoryReader) {
    this.#reader = reader
    for (const segment of reader.directories(1, reader.position)) {
      if (!isDamage(segment)) this.#index(segment.directory, segment.position)
    }
  }

  known(id: MessageId): MessageId {
    const found = resolveId(this.#reader, id)
    if (!this.#homes.has(found) && !this.#records.has(found)) throw unknown(id)
    return found
  }

  cause(id: MessageId): MessageId | undefined {
    return this.#causes.get(id)
  }

  tree(root: MessageId): MessageTree {
    const seen = new Set<MessageId>()
    const grow = (id: MessageId, depth: number): MessageTree => {
      seen.add(id)
      const below = depth === deepest ? [] : (this.#children.get(id) ?? [])
      const children = below.filter((one) => !seen.has(one)).map((one) => grow(one, depth + 1))
      return { ...this.describe(id), children }
    }
    return grow(root, 0)
  }

  describe(id: MessageId): Omit<MessageTree, 'children'> {
    const records = (this.#records.get(id) ?? []).flatMap((position) => {
      const record = this.#reader.record(position)
      if (record === undefined) return []
      return [isDamage(record) ? record : viewRecord(record)]
    })
    const message = this.#message(id)
    return { id, ...(message && { message }), records }
  }

  #message(id: MessageId): MessageView | undefined {
    const home = this.#homes.get(id)
    const record = home === undefined ? undefined : this.#reader.record(home)
    if (record === undefined || isDamage(record)) return undefined
    for (const part of record.parts) {
      if (part.kind === PartKind.message && idOf(part.message.ref) === id) {
        return viewMessage(part.message)
      }
    }
    return undefined
  }

  #index(directory: Uint8Array, first: number): void {
    const view = viewOf(directory)
    let position = first
    for (let at = 0; at < directory.length; at = nextRecord(view, at)) {
      if (view.getUint16(at + At.flags, true) & RecordFlag.dead) continue
      this.#record(view, at, position)
      position += 1
    }
  }

  #record(view: DataView, at: number, position: number): void {
    const about = refAt(view, at + At.position, at + At.index)
    if (about !== undefined) push(this.#records, about, position)
    const end = nextRecord(view, at)
    for (let part = at + entrySize; part < end; part += entrySize) {
      if (view.getUint8(part) !== PartKind.message) continue
      if (view.getUint16(part + At.flags, true) & PartFlag.dead) continue
      const index = view.getUint32(part + MessageAt.index, true)
      const id = index === inlineIndex ? about : idOf({ position, index })
      if (id === undefined) continue
      if (!this.#homes.has(id)) this.#homes.set(id, position)
      this.#link(id, refAt(view, part + MessageAt.causePosition, part + MessageAt.causeIndex))
    }
  }

  #link(id: MessageId, cause: MessageId | undefined): void {
    if (cause === undefined || cause === id || this.#causes.has(id)) return
    this.#causes.set(id, cause)
    push(this.#children, cause, id)
  }
}

function refAt(view: DataView, position: number, index: number): MessageId | undefined {
  const at = view.getFloat64(position, true)
  return at === 0 ? undefined : idOf({ position: at, index: view.getUint32(index, true) })
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, [value])
  else known.push(value)
}
