/** What a thread makes of the store's answers about its records (D1, D5). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../mailbox/clock.ts'
import { RecordKind } from '../../persistence/record.ts'
import type { Frame } from '../../persistence/segment.ts'
import type { Ack } from '../../persistence/store.ts'
import { JournalClient, type JournalThread } from '../../runtime/peer/journal.ts'
import type { StoreClient } from '../../runtime/peer/store-client.ts'

function journalOf() {
  const frames: Frame[] = []
  const told: string[] = []
  const client = {
    commit: (frame: Frame) => void frames.push(frame),
    resumed: () => undefined,
  } as unknown as StoreClient
  const clock = new VirtualClock()
  const thread: JournalThread = {
    ...{ clock, coarse: 0, isAwaited: false },
    alarms: { add: () => undefined, remove: () => undefined },
    touched: () => undefined,
    sendFrames: () => undefined,
  }
  const journal = new JournalClient(client, { slot: 1, epoch: 1, position: 0 }, thread)
  const append = (name: string): void => {
    journal.builder.record({ kind: RecordKind.accept, time: 1 })
    journal.append({
      committed: (position) => void told.push(`${name} at ${position}`),
      undone: (refusal) => void told.push(`${name} ${refusal?.reason ?? 'lost'}`),
    })
  }
  const acked = (seq: number, base: number, count: number): void => {
    const ack: Ack = {
      ...{ slot: 1, epoch: 1, seq, status: 'committed', base, count },
      ...{ refused: [], settled: [], published: [], dropped: [] },
    }
    journal.acked(ack)
  }
  return { journal, frames, told, append, acked }
}

test('D5: a frame refused whole, whose answer was lost, does not make the next one lost', () => {
  const { journal, frames, told, append, acked } = journalOf()
  for (const names of [['a', 'b'], ['c'], ['d']]) {
    for (const name of names) append(name)
    journal.flush()
  }
  assert.deepEqual(
    frames.map(({ seq }) => seq),
    [1, 2, 3],
  )
  // The group was committed, its answers were not sent: the store finds the second frame, and no other.
  acked(2, 7, 1)
  journal.lost(2)
  assert.deepEqual(told, ['a after-refused', 'b after-refused', 'c at 7', 'd lost'])
  assert.ok(journal.isIdle)
  append('e')
  journal.flush()
  assert.equal(frames.at(-1)?.seq, 3)
})
