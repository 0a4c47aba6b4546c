import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { TroupeError } from '../../mailbox/errors.ts'
import {
  checkPattern,
  checkTopic,
  endTopic,
  matchesTopic,
  TopicIndex,
} from '../../persistence/topic.ts'

/** The obvious recursive matcher, slow and right. */
function naive(pattern: string[], topic: string[]): boolean {
  const [head, ...rest] = pattern
  if (head === undefined) return topic.length === 0
  if (head === '**') {
    return naive(rest, topic) || (topic.length > 0 && naive(pattern, topic.slice(1)))
  }
  return topic.length > 0 && (head === '*' || head === topic[0]) && naive(rest, topic.slice(1))
}

const word = fc.constantFrom('a', 'b', 'order', 'border')
const topics = fc.array(word, { minLength: 1, maxLength: 6 })
const patterns = fc.array(fc.oneof(word, fc.constantFrom('*', '**')), {
  minLength: 1,
  maxLength: 6,
})

test('topic patterns match exactly what the naive matcher matches, each value once', () => {
  fc.assert(
    fc.property(fc.array(patterns, { maxLength: 8 }), topics, (all, topic) => {
      const index = new TopicIndex<number>()
      all.forEach((pattern, i) => {
        index.add(pattern.join('.'), i)
      })
      const expected = all.flatMap((pattern, i) => (naive(pattern, topic) ? [i] : []))
      const found = [...index.match(topic.join('.'))].sort((a, b) => a - b)
      assert.deepEqual(found, expected)
    }),
  )
})

test('a removed pattern matches no more and leaves nothing behind', () => {
  fc.assert(
    fc.property(patterns, patterns, topics, (kept, removed, topic) => {
      fc.pre(kept.join('.') !== removed.join('.'))
      const index = new TopicIndex<string>()
      index.add(kept.join('.'), 'kept')
      index.add(removed.join('.'), 'removed')
      index.remove(removed.join('.'), 'removed')
      const expected = naive(kept, topic) ? ['kept'] : []
      assert.deepEqual([...index.match(topic.join('.'))], expected)
      assert.equal(index.size, 1)
    }),
  )
})

test('many ** in a row cost no more than their number times the topic', () => {
  const topic = Array.from({ length: 100 }, () => 'a').join('.')
  assert.equal(matchesTopic(`${Array.from({ length: 40 }, () => '**').join('.')}.b`, topic), false)
})

test('order does not match border', () => {
  assert.equal(matchesTopic('order.*', 'border.new'), false)
  assert.equal(matchesTopic('order.**', 'order'), true)
})

test('topics and patterns are validated, with what was expected and what came', () => {
  checkTopic('orders.eu-west.created_2')
  checkPattern('orders.*.**')
  for (const bad of ['', '.', 'a..b', 'a b', 'a.*', 'ä', 'a'.repeat(257), 7, undefined]) {
    assert.throws(
      () => checkTopic(bad),
      (error) => (error as TroupeError).code === 'ADDRESS_INVALID',
    )
  }
  for (const bad of ['', '***', 'a*', 'a.**b']) {
    assert.throws(() => checkPattern(bad), { name: 'TroupeError [ADDRESS_INVALID]' })
  }
})

test("F6: topics of the runtime's own are reached by their name alone, and no user has it", () => {
  const end = endTopic('worker/a.b.*')
  for (const pattern of ['*', '**', '**.*']) assert.equal(matchesTopic(pattern, end), false)
  assert.equal(matchesTopic(end, end), true)
  assert.equal(matchesTopic(end, endTopic('worker/a.b.c')), false)
  for (const check of [checkTopic, checkPattern]) {
    assert.throws(() => check(end), { code: 'ADDRESS_INVALID' })
  }
})
