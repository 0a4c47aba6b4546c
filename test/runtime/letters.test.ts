/** M3: a mailbox that stays full costs a bounded memory and a few messages. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeFrame, encodeValue } from '../../persistence/codec.ts'
import { LetterPost } from '../../runtime/host/letter-post.ts'
import {
  KeptLetters,
  letterBytes,
  letterLimit,
  shownLetter,
} from '../../runtime/main/kept-letters.ts'
import type { LetterData } from '../../runtime/wire/host-control.ts'

function letter(n: number, payload: Uint8Array = encodeValue(n)): LetterData {
  return {
    id: `@v1.${n}`,
    to: 'log/a',
    from: '',
    name: 'put',
    lane: 3,
    reason: 'mailbox-full',
    at: n,
    position: 0,
    payload,
  }
}

function numbers(kept: KeptLetters): number[] {
  return [...kept].map(({ data }) => data.at)
}

test('dead letters: the newest are kept, as many and as large as there is room for', () => {
  const many = new KeptLetters()
  for (let n = 0; n < letterLimit + 3; n += 1) many.add(letter(n))
  assert.equal(numbers(many).length, letterLimit)
  assert.deepEqual(numbers(many).slice(0, 2), [3, 4])
  const large = new KeptLetters()
  const payload = new Uint8Array(letterBytes / 4)
  for (let n = 0; n < 6; n += 1) large.add(letter(n, payload))
  assert.deepEqual(numbers(large), [2, 3, 4, 5])
  large.add(letter(6, new Uint8Array(2 * letterBytes)))
  assert.deepEqual(numbers(large), [6], 'the newest alone may be larger')
})

test('dead letters: one that dies again is listed once, as the last, and forgotten in its turn', () => {
  const kept = new KeptLetters()
  kept.add(letter(1))
  kept.add(letter(2))
  kept.add(letter(1))
  assert.deepEqual(numbers(kept), [2, 1])
  for (let n = 3; n < letterLimit + 2; n += 1) kept.add(letter(n))
  assert.deepEqual(numbers(kept).slice(0, 2), [1, 3])
  const last = kept.of('@v1.1')[0]
  assert.ok(last !== undefined)
  assert.deepEqual(shownLetter(last).payload, 1)
})

test('dead letters of one slice cross alone while they are few, then many at a time, all in order', () => {
  const frames: LetterData[][] = []
  let flush: (() => void) | undefined
  const post = new LetterPost(
    (letters) => void frames.push(decodeFrame(letters) as LetterData[]),
    (run) => {
      flush = run
    },
  )
  for (let n = 0; n < 1_000; n += 1) post.add(letter(n))
  assert.ok(frames.length < 25, `${frames.length} messages`)
  flush?.()
  assert.deepEqual(
    frames.flat().map(({ at }) => at),
    Array.from({ length: 1_000 }, (_, n) => n),
  )
  const before = frames.length
  post.add(letter(1_000))
  assert.equal(frames.length, before + 1, 'alone again')
})
