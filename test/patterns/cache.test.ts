/** The rows "pipeline stage cache", "TTL cache" and "query optimiser" of the seed patterns. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type CacheOptions, cached } from '../../actors/patterns/cache.ts'
import { canonicalHash, canonicalText } from '../../actors/patterns/canonical.ts'
import { queryKey } from '../../actors/patterns/query.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { Origin, settled } from './support.ts'

type Result = string | { text: string }

function cacheOver(options: CacheOptions<unknown, Result> = {}) {
  const clock = new VirtualClock()
  const origin = new Origin<unknown, Result>()
  const ask = cached(origin.call, { clock, random: () => 0, ...options })
  /** Asks, and lets the one new call it makes answer. */
  const filled = async (input: unknown, result: Result): Promise<Result> => {
    const answer = ask(input)
    await settled()
    origin.calls.at(-1)?.answer(result)
    return await answer
  }
  return { ask, clock, origin, filled }
}

const notEncodable = { code: 'NOT_ENCODABLE' }
const isCancelled = { code: 'CANCELLED' }

test('pattern cache: a stampede makes one call', async () => {
  const { ask, origin } = cacheOver()
  const answers = Array.from({ length: 100 }, () => ask({ question: 'why' }))
  await settled()
  assert.equal(origin.calls.length, 1)
  origin.at(0).answer('because')
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['because']))
  assert.equal(await ask({ question: 'why' }), 'because')
  const { hits, misses, coalesced, calls, callsSaved } = ask.stats()
  assert.deepEqual(
    { hits, misses, coalesced, calls },
    { hits: 1, misses: 1, coalesced: 99, calls: 1 },
  )
  assert.equal(callsSaved, 100)
})

test('pattern cache: an error is given to those who waited and not kept', async () => {
  const { ask, origin, filled } = cacheOver()
  const asked = [ask('q'), ask('q')]
  await settled()
  origin.at(0).fail(new Error('down'))
  for (const one of asked) await assert.rejects(one, /down/)
  assert.equal(await filled('q', 'up'), 'up')
  assert.equal(origin.calls.length, 2)
  assert.equal(ask.stats().errors, 1)
})

test('pattern cache: a result is good for its time, by the monotonic clock', async () => {
  const { ask, clock, origin, filled } = cacheOver({ ttl: 1_000 })
  await filled('q', 'first')
  clock.jump(86_400_000)
  clock.advance(999)
  assert.equal(await ask('q'), 'first')
  clock.advance(1)
  assert.equal(await filled('q', 'second'), 'second')
  assert.equal(origin.calls.length, 2)
})

test('pattern cache: what was made together is not made anew together', async () => {
  let next = 0
  const { ask, clock, filled } = cacheOver({ ttl: 1_000, jitter: 0.5, random: () => next })
  await filled('early', 'a')
  next = 0.999
  await filled('late', 'b')
  clock.advance(600)
  assert.equal(await ask('early'), 'a')
  await filled('late', 'c')
  const { hits, misses } = ask.stats()
  assert.deepEqual({ hits, misses }, { hits: 1, misses: 3 })
})

test('pattern cache: past its time a result is given at once while one call renews it', async () => {
  const { ask, clock, origin, filled } = cacheOver({ ttl: 1_000, stale: 500 })
  await filled('q', 'old')
  clock.advance(1_200)
  assert.deepEqual(await Promise.all([ask('q'), ask('q'), ask('q')]), ['old', 'old', 'old'])
  await settled()
  assert.equal(origin.calls.length, 2)
  origin.at(1).answer('new')
  await settled()
  assert.equal(await ask('q'), 'new')
  const { stale, hits, calls } = ask.stats()
  assert.deepEqual({ stale, hits, calls }, { stale: 3, hits: 1, calls: 2 })
})

test('pattern cache: a renewal that fails leaves the stale result, until that is too old as well', async () => {
  const { ask, clock, origin, filled } = cacheOver({ ttl: 1_000, stale: 500 })
  await filled('q', 'old')
  clock.advance(1_200)
  await ask('q')
  await settled()
  origin.at(1).fail(new Error('down'))
  await settled()
  assert.equal(await ask('q'), 'old')
  await settled()
  clock.advance(300)
  const waits = ask('q')
  await settled()
  assert.equal(origin.calls.length, 3, 'it waits for the renewal that is under way')
  origin.at(2).answer('new')
  assert.equal(await waits, 'new')
})

test('pattern cache: it holds so many bytes and no more; what was used last stays', async () => {
  const { ask, origin, filled } = cacheOver({ maxBytes: 3 * (256 + 102) })
  const text = (name: string): string => name.repeat(100)
  for (const name of ['a', 'b', 'c']) await filled(name, text(name))
  await ask('a')
  await filled('d', text('d'))
  assert.equal(ask.stats().evicted, 1)
  assert.equal(ask.stats().bytes, 3 * (256 + 102))
  const calls = origin.calls.length
  for (const name of ['a', 'c', 'd']) assert.equal(await ask(name), text(name))
  assert.equal(origin.calls.length, calls)
  await filled('b', text('b'))
  assert.equal(origin.calls.length, calls + 1, 'b had made room')
  assert.equal(await filled('huge', text('x').repeat(20)), text('x').repeat(20))
  assert.equal(ask.stats().oversized, 1)
  assert.equal(ask.stats().entries, 3)
})

test('pattern cache: bytes never exceed the limit, whatever comes', async () => {
  const lookups = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 900 })),
  )
  await fc.assert(
    fc.asyncProperty(lookups, async (given) => {
      const sizes = new Map(given)
      const maxBytes = 2_000
      const ask = cached((n: number) => 'x'.repeat(sizes.get(n) ?? 0), { maxBytes })
      for (const [n] of given) {
        await ask(n)
        assert.ok(ask.stats().bytes <= maxBytes)
      }
      const { lookups, hits, stale, misses, coalesced } = ask.stats()
      assert.equal(lookups, hits + stale + misses + coalesced)
      assert.equal(lookups, given.length)
    }),
    { numRuns: 50 },
  )
})

test('pattern cache: a caller that gives up leaves alone; the call ends with the last one', async () => {
  const { ask, origin } = cacheOver()
  const [first, second] = [new AbortController(), new AbortController()]
  const gone = ask('q', { signal: first.signal })
  const stays = ask('q', { signal: second.signal })
  await settled()
  first.abort()
  await assert.rejects(gone, isCancelled)
  assert.equal(origin.at(0).signal.aborted, false)
  origin.at(0).answer('yes')
  assert.equal(await stays, 'yes')

  const alone = new AbortController()
  const last = ask('r', { signal: alone.signal })
  await settled()
  alone.abort()
  await assert.rejects(last, isCancelled)
  assert.equal(origin.at(1).signal.aborted, true)
  const again = ask('r')
  await settled()
  origin.at(2).answer('anew')
  assert.equal(await again, 'anew')
  assert.equal(ask.stats().errors, 0)
  await assert.rejects(ask('s', { signal: AbortSignal.abort() }), isCancelled)
  assert.equal(origin.calls.length, 3)
})

test('pattern cache: nobody is given to a call that everyone has left, though it takes no notice', async () => {
  const calls: ((result: string) => void)[] = []
  const ask = cached((_: string) => new Promise<string>((resolve) => void calls.push(resolve)))
  const alone = new AbortController()
  const gone = ask('q', { signal: alone.signal })
  await settled()
  alone.abort()
  await assert.rejects(gone, isCancelled)
  const again = ask('q')
  await settled()
  calls[1]?.('anew')
  assert.equal(await again, 'anew')
  calls[0]?.('late')
  await settled()
  assert.equal(await ask('q'), 'anew')
})

test('pattern cache: what was begun before it was forgotten is answered and not kept', async () => {
  const { ask, origin, filled } = cacheOver()
  const before = ask('q')
  await settled()
  assert.equal(ask.delete('q'), false)
  const after = ask('q')
  await settled()
  origin.at(1).answer('new')
  assert.equal(await after, 'new')
  origin.at(0).answer('old')
  assert.equal(await before, 'old')
  assert.equal(await ask('q'), 'new')
  ask.clear()
  await filled('q', 'newest')
  assert.equal(origin.calls.length, 3)
})

test('pattern cache: no caller can change what the others get', async () => {
  const { ask, filled } = cacheOver()
  const own = { text: 'mine' }
  const given = (await filled('q', own)) as { text: string }
  own.text = 'changed at its origin'
  assert.throws(() => {
    given.text = 'changed by a caller'
  }, TypeError)
  assert.deepEqual(await ask('q'), { text: 'mine' })
})

test('pattern cache: what is saved is counted in calls and in cost', async () => {
  const { ask, clock, filled, origin } = cacheOver({
    ttl: 1_000,
    stale: 1_000,
    cost: (result) => String(result).length,
  })
  await filled('q', 'four')
  await ask('q')
  await ask('q')
  assert.deepEqual([ask.stats().costPaid, ask.stats().costSaved], [4, 8])
  assert.equal(ask.stats().hitRate, 2 / 3)
  clock.advance(1_500)
  await ask('q')
  await settled()
  origin.at(1).answer('5 now')
  await settled()
  // The stale answer was worth 4, and its renewal cost 5.
  assert.deepEqual([ask.stats().costPaid, ask.stats().costSaved], [9, 7])
})

test('pattern cache: an input that has no content to compare is refused, and so is a mistyped option', async () => {
  const { ask, origin } = cacheOver()
  await assert.rejects(ask({ at: () => 1 }), { ...notEncodable, message: /at/ })
  assert.equal(origin.calls.length, 0)
  const wrong = { tttl: 5 } as CacheOptions<unknown, Result>
  assert.throws(() => cached(origin.call, wrong), { code: 'OPTION_INVALID', message: /"ttl"/ })
  const tooMuch = { jitter: 1.5 }
  assert.throws(() => cached(origin.call, tooMuch), { code: 'OPTION_INVALID' })
  const instance = cached(() => new TroupeError('TERMINAL', 'no data'))
  await assert.rejects(instance(1), notEncodable)
})

test('pattern stage key: the same inputs in any order have one key, and other inputs another', () => {
  const inputs = {
    stage: 'reason',
    version: 2,
    model: 'm',
    tools: ['a', 'b'],
    tenant: 't',
    data: 7,
  }
  const reversed = Object.fromEntries(Object.entries(inputs).reverse())
  assert.equal(canonicalHash(inputs), canonicalHash(reversed))
  assert.match(canonicalHash(inputs), /^[0-9a-f]{64}$/)
  for (const name of Object.keys(inputs)) {
    assert.notEqual(canonicalHash(inputs), canonicalHash({ ...inputs, [name]: 'other' }), name)
    const { [name]: _, ...fewer } = inputs as Record<string, unknown>
    assert.notEqual(canonicalHash(inputs), canonicalHash(fewer), name)
  }
  assert.notEqual(canonicalHash(['a', 'b']), canonicalHash(['b', 'a']))
})

test('pattern stage key: values that JSON confuses are told apart', () => {
  const values = [
    ...[undefined, null, 'null', 'undefined', 0, -0, '0', 0n, Number.NaN, Infinity, true, 'true'],
    ...[{}, [], new Map(), new Set(), { a: undefined }, [undefined], new Map([['a', 1]]), { a: 1 }],
    ...[new Date(0), '1970-01-01T00:00:00.000Z', new Uint8Array(2), new Uint16Array(1), [0, 0]],
    ...['\ud800', '\ufffd', 'é', 'e\u0301', '[secret]', new Set([1, 2]), [1, 2]],
  ]
  const texts = values.map((value) => canonicalText(value))
  assert.equal(new Set(texts).size, values.length)
  assert.equal(canonicalText(new Set([1, 2])), canonicalText(new Set([2, 1])))
  assert.equal(canonicalText(Buffer.from('ab')), canonicalText(new Uint8Array([97, 98])))
  assert.throws(() => canonicalText(() => 1), notEncodable)
})

test('pattern stage key: of JSON values it is JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      // No field may have that name (T5), and it may stand where a lone surrogate does.
      fc.pre(!/__proto__|\\ud[89a-f]/.test(JSON.stringify(value)))
      const plain = JSON.parse(JSON.stringify(value)) as unknown
      assert.deepEqual(JSON.parse(canonicalText(plain)), plain)
    }),
    { numRuns: 100 },
  )
})

test('pattern query key: white space and composition are one, words that mean something are not', () => {
  assert.equal(queryKey('  what  is\n\ta café? '), queryKey('what is a cafe\u0301?'))
  assert.equal(queryKey('a\u00a0b'), 'a b')
  const different = [
    'to be',
    'not to be',
    'To be',
    'with sugar',
    'without sugar',
    'C',
    'C#',
    'ﬁ',
    'fi',
  ]
  assert.equal(new Set(different.map(queryKey)).size, different.length)
})

test('pattern query key: the model sees the text as it was given', async () => {
  const { ask, origin } = cacheOver({ key: (question) => queryKey(question as string) })
  const first = ask('  How  NOT to?')
  const second = ask('How NOT to?')
  await settled()
  assert.equal(origin.calls.length, 1)
  assert.equal(origin.at(0).input, '  How  NOT to?')
  origin.at(0).answer('like this')
  assert.deepEqual(await Promise.all([first, second]), ['like this', 'like this'])
})
