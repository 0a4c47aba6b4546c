/**
 * Acks for frames that were committed although the commit seemed to fail (D5): read back from the
 * segments, which keep refused records and dropped messages as dead entries, and from what is pending.
 */
import { At, entrySize, MessageAt, nextRecord, viewOf } from '../../persistence/directory.ts'
import { fannedOut, PartFlag, PartKind, RecordFlag } from '../../persistence/record.ts'
import type { Ack, Dropped, FanOut, Refusal, Store } from '../../persistence/store.ts'
import type { StoredDirectory } from '../../persistence/stored.ts'

export function acksOfTail(store: Store, from: number): Ack[] {
  const acks: Ack[] = []
  if (from > store.position) return acks
  for (const segment of store.segments(from, store.position)) {
    if ('detail' in segment) continue
    acks.push(ackOf(store, segment))
  }
  return acks
}

/** Settled own ids are not repeated: the service looks for all outcomes again. */
export function ackOf(store: Store, segment: StoredDirectory): Ack {
  const { slot, epoch, seq, position, count, directory } = segment
  const refused: Refusal[] = []
  const dropped: Dropped[] = []
  const view = viewOf(directory)
  let record = 0
  for (let at = 0; at < directory.length; at = nextRecord(view, at)) {
    if (view.getUint16(at + At.flags, true) & RecordFlag.dead) refused.push(refusal(record))
    else dropped.push(...droppedIn(view, at, position + record - refused.length))
    record += 1
  }
  const published = publishedIn(store, segment)
  return {
    slot,
    epoch,
    seq,
    status: 'committed',
    base: position,
    count,
    refused,
    settled: [],
    published,
    dropped,
  }
}

/** The true reason was in the lost answer; a writer that tries again is told it. */
function refusal(record: number): Refusal {
  const detail = 'refused in a commit whose answer was lost'
  return { record, reason: 'after-refused', detail }
}

function droppedIn(view: DataView, at: number, position: number): Dropped[] {
  const dropped: Dropped[] = []
  const end = nextRecord(view, at)
  for (let part = at + entrySize; part < end; part += entrySize) {
    const isMessage = view.getUint8(part) === PartKind.message
    if (!isMessage || !(view.getUint16(part + At.flags, true) & PartFlag.dead)) continue
    const index = view.getUint32(part + MessageAt.index, true)
    dropped.push({ message: { position, index }, ownId: '', position: 0 })
  }
  return dropped
}

/** Nobody was told of these messages, so all of them are still pending. */
function publishedIn(store: Store, { slot, epoch, position, count }: StoredDirectory): FanOut[] {
  const found = new Map<string, { message: FanOut['message']; to: string[] }>()
  for (const pending of store.unreleased(slot, epoch)) {
    const isPublished = !('detail' in pending) && (pending.flags & fannedOut) !== 0
    if (!isPublished || pending.at.position < position || pending.at.position >= position + count) {
      continue
    }
    const key = `${pending.ref.position}.${pending.ref.index}`
    const fanOut = found.get(key) ?? { message: pending.ref, to: [] }
    fanOut.to.push(pending.to)
    found.set(key, fanOut)
  }
  return [...found.values()]
}
