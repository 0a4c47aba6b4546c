/** T2, M3: what an actor puts aside stays in order, bounded, and comes back once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Mailbox } from '../../mailbox/mailbox.ts'
import { Stash } from '../../mailbox/stash.ts'
import { message, seqs } from './support.ts'

test('REGRESSION protoactor-dotnet #474: stashing while the stash is replayed ends', () => {
  const mailbox = new Mailbox<string>()
  const stash = new Stash()
  for (const seq of [1, 2, 3]) stash.put(message({ seq }))
  assert.equal(stash.unstashInto(mailbox), 3)
  let turns = 0
  for (let next = mailbox.take(); next !== undefined; next = mailbox.take()) {
    stash.put(next)
    turns += 1
  }
  assert.equal(turns, 3)
  assert.deepEqual(seqs(stash), [1, 2, 3])
})

test('M3: a stash is bounded, says so, and gives everything back in order', () => {
  const stash = new Stash(3)
  const put = [1, 2, 3, 4].map((seq) => stash.put(message({ seq })))
  assert.deepEqual(put, [true, true, true, false])
  assert.equal(stash.size, 3)
  assert.deepEqual(seqs(stash.drain()), [1, 2, 3])
  assert.equal(stash.size, 0)
})

test('T2: unstashing goes before what waits, also into a full mailbox', () => {
  const mailbox = new Mailbox<string>({ capacity: 2 })
  const stash = new Stash()
  for (const seq of [1, 2]) stash.put(message({ seq }))
  for (const seq of [3, 4]) mailbox.offer(message({ seq }))
  assert.equal(stash.unstashInto(mailbox), 2)
  assert.deepEqual(seqs(mailbox), [1, 2, 3, 4])
  assert.equal(mailbox.hasRoom, false)
})
