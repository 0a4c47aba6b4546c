/** An actor's row made anew from the directories, when the stored one is damaged (D4). Slow and right. */
import type { ActorRow } from '../actor-table.ts'
import { isDamage } from '../decode.ts'
import { At, getU48, nextRecord, viewOf } from '../directory.ts'
import { RecordFlag, RecordKind } from '../record.ts'
import type { Damage, StoredDirectory } from '../stored.ts'

/** @returns the damage that hides what the row was */
export function rescan(
  no: number,
  directories: Iterable<StoredDirectory | Damage>,
): ActorRow | Damage {
  const found = { no, head: 0, turn: 0, bytes: 0, snapshotSize: 0 }
  for (const segment of directories) {
    if (isDamage(segment)) return segment
    scan(segment, no, found)
  }
  return found
}

function scan(segment: StoredDirectory, no: number, found: { head: number; turn: number }): void {
  const view = viewOf(segment.directory)
  let position = segment.position
  for (let at = 0; at < segment.directory.length; at = nextRecord(view, at)) {
    if (view.getUint16(at + At.flags, true) & RecordFlag.dead) continue
    if (view.getUint32(at + At.actor, true) === no) {
      found.head = position
      if (view.getUint8(at) === RecordKind.turn) found.turn = getU48(view, at + At.turn)
    }
    position += 1
  }
}
