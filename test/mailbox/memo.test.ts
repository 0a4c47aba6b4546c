/** What is remembered of addresses, and for how long. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Memo } from '../../mailbox/memo.ts'

test('a memo asks once, asks again after a clear, and keeps no unknown', () => {
  const asked: string[] = []
  const memo = new Memo((text) => {
    asked.push(text)
    return text === 'nobody' ? undefined : text.length
  })
  assert.deepEqual(
    [memo.of('abc'), memo.of('abc'), memo.of('nobody'), memo.of('nobody')],
    [3, 3, undefined, undefined],
  )
  assert.deepEqual(asked, ['abc', 'nobody', 'nobody'])
  memo.clear()
  assert.equal(memo.of('abc'), 3)
  assert.equal(asked.length, 4)
})

test('a memo of more addresses than it keeps still answers each', () => {
  let asked = 0
  const memo = new Memo((text) => {
    asked += 1
    return Number(text)
  })
  for (let n = 0; n < 10_000; n += 1) assert.equal(memo.of(String(n)), n)
  assert.equal(memo.of('9999'), 9_999)
  assert.equal(asked, 10_000)
  assert.equal(memo.of('0'), 0)
  assert.equal(asked, 10_001, 'the first was forgotten')
})
