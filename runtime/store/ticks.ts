/** Ticks in the history: what a thread missed of them while the store's was replaced. */
import { At, entrySize, MessageAt, nextRecord, viewOf } from '../../persistence/directory.ts'
import { PartKind, RecordFlag } from '../../persistence/record.ts'
import type { Store } from '../../persistence/store.ts'
import type { StoredDirectory } from '../../persistence/stored.ts'
import { timerSlot } from './timer-writer.ts'

/** The receivers of ticks committed after a position, one for each tick. */
export function tickedSince(store: Store, since: number): readonly string[] {
  const found: string[] = []
  if (since >= store.position) return found
  for (const segment of store.directories(since + 1, store.position)) {
    if ('detail' in segment || segment.slot !== timerSlot) continue
    for (const no of receiversIn(segment)) found.push(store.address(no))
  }
  return found
}

function* receiversIn({ directory }: StoredDirectory): Generator<number> {
  const view = viewOf(directory)
  for (let at = 0; at < directory.length; at = nextRecord(view, at)) {
    if (view.getUint16(at + At.flags, true) & RecordFlag.dead) continue
    const end = nextRecord(view, at)
    for (let part = at + entrySize; part < end; part += entrySize) {
      if (view.getUint8(part) === PartKind.message) yield view.getUint32(part + MessageAt.to, true)
    }
  }
}
