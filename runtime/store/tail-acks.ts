/**
 * Acks for frames that were committed although the commit seemed to fail (D5): read back from the
 * segments, which keep refused records as dead entries.
 */
import { At, nextRecord, viewOf } from '../../persistence/directory.ts'
import { RecordFlag } from '../../persistence/record.ts'
import type { Ack, Refusal, StoreReader } from '../../persistence/store.ts'
import type { StoredSegment } from '../../persistence/stored.ts'

export function acksOfTail(store: StoreReader, from: number): Ack[] {
  const acks: Ack[] = []
  if (from > store.position) return acks
  for (const segment of store.segments(from, store.position)) {
    if ('detail' in segment) continue
    acks.push(ackOf(segment))
  }
  return acks
}

/** Own ids and subscribers are not repeated: whoever waits asks again after a `lost`. */
function ackOf({ slot, epoch, seq, position, count, directory }: StoredSegment): Ack {
  return {
    slot,
    epoch,
    seq,
    status: 'committed',
    base: position,
    count,
    refused: deadRecords(directory),
    settled: [],
    published: [],
    dropped: [],
  }
}

function deadRecords(directory: Uint8Array): Refusal[] {
  const view = viewOf(directory)
  const refused: Refusal[] = []
  let record = 0
  for (let at = 0; at < directory.length; at = nextRecord(view, at)) {
    if (view.getUint16(at + At.flags, true) & RecordFlag.dead) {
      const detail = 'refused in a commit whose answer was lost'
      refused.push({ record, reason: 'after-refused', detail })
    }
    record += 1
  }
  return refused
}
