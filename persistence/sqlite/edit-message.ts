/**
 * Another payload for a message that waits in a store file. Meant for a copy that nobody has open: the
 * history of a running system is never changed.
 */
import { crc32 } from '../crc.ts'
import { isDamage } from '../decode.ts'
import { At, entrySize, MessageAt, viewOf } from '../directory.ts'
import { placeOf } from '../places.ts'
import { type MessageRef, PartFlag } from '../record.ts'
import type { Connection } from './connection.ts'
import { replaceSegment } from './cut.ts'
import { SqliteReadMedium } from './read-medium.ts'

/**
 * @param at the record that holds the message, and the ordinal of the part among its parts
 * @param payload encoded
 */
export function editMessage(
  file: string,
  connection: Connection,
  at: MessageRef,
  payload: Uint8Array,
): void {
  const segment = new SqliteReadMedium(file, connection).segmentOf(at.position)
  if (segment === undefined || isDamage(segment))
    throw new Error(`no record ${at.position} to edit`)
  const directory = segment.directory.slice()
  const place = placeOf({ ...segment, directory }, at.position)
  if (place === undefined) throw new Error(`no record ${at.position} to edit`)
  const part = place.at + entrySize * (1 + at.index)
  const { body } = segment
  const start = place.view.getUint32(part + MessageAt.offset, true)
  const header = body.subarray(
    start,
    start + place.view.getUint32(part + MessageAt.headerLength, true),
  )
  const slice = Buffer.concat([header, payload])
  // The old bytes stay where they are, so that no other slice moves.
  const view = viewOf(directory)
  view.setUint32(part + MessageAt.offset, body.length, true)
  view.setUint32(part + MessageAt.length, slice.length, true)
  view.setUint32(part + MessageAt.crc, crc32(slice), true)
  const flags = view.getUint16(part + At.flags, true)
  view.setUint16(part + At.flags, flags & ~PartFlag.headerOnly, true)
  replaceSegment(connection, { ...segment, directory, body: Buffer.concat([body, slice]) })
}
