/** What else a handler finds in `ctx`: log, chance, time, dependencies, who it is and who asked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor, needs } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { harness } from './harness.ts'

interface Facts {
  readonly numbers: readonly number[]
  readonly ids: readonly string[]
  readonly now: number
  readonly greeting: string
  readonly self: string
  readonly sender: string | undefined
}

const Oracle = contract('oracle', {
  say: message<string>(),
  facts: message<void, Facts>(),
  relay: message<void, Facts>(),
})

function oracles() {
  let made = 0
  const oracle = actor(Oracle, {
    needs: needs<{ greeting: string }>(),
    on: {
      say(ctx, text) {
        ctx.log.debug('hears')
        ctx.log.info(text, { length: text.length })
        ctx.log.warn('soon')
        ctx.log.error('over', { code: 7 })
      },
      facts: (ctx) => ({
        numbers: [ctx.random(), ctx.random()],
        ids: [ctx.uuid(), ctx.uuid()],
        now: ctx.now(),
        greeting: `${ctx.deps.greeting} ${made}`,
        self: `${ctx.self.type}/${ctx.self.key}`,
        sender: ctx.sender?.key,
      }),
      relay: (ctx) => ctx.ref(Oracle, 'other').ask.facts(),
    },
  })
  const deps = async (): Promise<{ greeting: string }> => {
    made += 1
    return { greeting: 'hello' }
  }
  const h = harness({ actors: [oracle], deps })
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    await h.settle()
    return await promise
  }
  return { h, settled, ref: (key: string) => h.ref(Oracle, key) }
}

test('log lines carry their actor, level and fields', async () => {
  const { h, ref } = oracles()
  ref('a').tell.say('beware')
  await h.settle()
  assert.deepEqual(
    h.lines.map(({ level, actor: id, message: text, fields }) => [level, id, text, fields]),
    [
      ['debug', 'oracle/a', 'hears', undefined],
      ['info', 'oracle/a', 'beware', { length: 6 }],
      ['warn', 'oracle/a', 'soon', undefined],
      ['error', 'oracle/a', 'over', { code: 7 }],
    ],
  )
})

test('R3: chance is seeded by actor and message: the same for both, different for another', async () => {
  const { settled, ref } = oracles()
  const first = await settled(ref('a').ask.facts(undefined, { id: 'one' }))
  const again = await settled(ref('a').ask.facts(undefined, { id: 'one' }))
  const other = await settled(ref('a').ask.facts(undefined, { id: 'two' }))
  const elsewhere = await settled(ref('b').ask.facts(undefined, { id: 'one' }))
  assert.deepEqual([again.numbers, again.ids], [first.numbers, first.ids])
  for (const { numbers, ids } of [other, elsewhere]) {
    assert.notDeepEqual(numbers, first.numbers)
    assert.notDeepEqual(ids, first.ids)
  }
  assert.ok(first.numbers.every((number) => number >= 0 && number < 1))
  assert.notEqual(first.numbers[0], first.numbers[1])
  for (const id of first.ids) {
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  }
})

test('a handler knows the time, its dependencies, itself and who asked', async () => {
  const { h, settled, ref } = oracles()
  await h.advance(1_234)
  const facts = await settled(ref('a').ask.facts())
  assert.equal(facts.now, h.clock.wall())
  assert.equal(facts.greeting, 'hello 1')
  assert.equal(facts.self, 'oracle/a')
  assert.equal(facts.sender, undefined)
  const relayed = await settled(ref('a').ask.relay())
  assert.equal(relayed.sender, 'a')
  assert.equal(relayed.greeting, 'hello 1', 'dependencies are made once for a thread')
  assert.equal(h.imbalance(), 0)
})
