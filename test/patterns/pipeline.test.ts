/** The rows "pipeline stage cache" and "TTL cache" of the seed patterns, where the cache is in the store. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor, needs } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { type Basis, pipeline } from '../../actors/patterns/pipeline.ts'
import type { Stage } from '../../actors/patterns/stage.ts'
import { settled, watched } from '../durable/support.ts'
import { World } from '../durable/world.ts'
import { Origin } from './support.ts'

interface Asked {
  readonly text: string
  readonly by?: string
}

/** Stands for the services behind the stages. */
interface Services {
  readonly split: Origin<Asked, readonly string[]>
  readonly write: Origin<readonly string[], string>
}

type Tuning = Partial<Omit<Stage<never, never>, 'run'>>

const Desk = contract('desk', {
  ask: message<{ question: Asked; basis: Basis }, { answer: string; taken: readonly string[] }>(),
})

/** A pipeline of two stages, and a desk whose turn runs it. */
function makeActors(split: Tuning = {}, write: Tuning = {}) {
  const kb = pipeline('kb', {
    needs: needs<Services>(),
    stages: {
      split: {
        version: 1,
        ...split,
        run: (ctx, question: Asked) =>
          ctx.effect('split', question, (step) => ctx.deps.split.call(question, step), {
            idempotent: true,
          }),
      },
      write: {
        version: 1,
        ...write,
        run: (ctx, parts: readonly string[]) =>
          ctx.effect('write', parts, (step) => ctx.deps.write.call(parts, step), {
            idempotent: true,
          }),
      },
    },
  })
  const desk = actor(Desk, {
    durable: true,
    state: () => ({}),
    on: {
      async ask(ctx, { question, basis }) {
        const taken: string[] = []
        const stages = kb.stages(ctx, basis, ({ stage, how }) => taken.push(`${stage} ${how}`))
        const answer = await stages.write(await stages.split(question))
        return { answer, taken }
      },
    },
  })
  return [...kb.actors, desk]
}

/** What the first stage's shelf knows. */
function shelfOf(world: World): { readonly bytes: number; readonly entries: Map<string, object> } {
  const shelf = world.cell('kb.shelf/split')
  assert.ok(shelf !== undefined)
  return shelf.state as ReturnType<typeof shelfOf>
}

const today: Basis = { tenant: 'acme', data: 'v1' }
const question: Asked = { text: 'why and how?', by: 'ann' }

function begin(split: Tuning = {}, write: Tuning = {}) {
  const services: Services = { split: new Origin(), write: new Origin() }
  let world = new World({ actors: makeActors(split, write), deps: () => services })
  let asked = 0
  const ask = (given: Asked = question, basis: Basis = today) => {
    asked += 1
    return world.ref(Desk, `d${asked}`).ask.ask({ question: given, basis })
  }
  return {
    services,
    ask,
    get world() {
      return world
    },
    set world(next: World) {
      world = next
    },
    /** Asks, and lets whatever calls it makes answer. */
    async answered(given?: Asked, basis?: Basis) {
      const before = [services.split.calls.length, services.write.calls.length] as const
      const answer = watched(ask(given, basis))
      await world.settle()
      services.split.calls[before[0]]?.answer(['why', 'how'])
      await world.settle()
      services.write.calls[before[1]]?.answer(`answer ${before[1]}`)
      return await settled(world, answer.promise)
    },
    get calls() {
      return [services.split.calls.length, services.write.calls.length]
    },
  }
}

test('pattern pipeline: what a stage made is not made again, whoever asks and in whatever order fields are', async () => {
  const at = begin()
  assert.deepEqual((await at.answered()).taken, ['split made', 'write made'])
  const again = await at.answered(
    { by: 'ann', text: 'why and how?' },
    { data: 'v1', tenant: 'acme' },
  )
  assert.deepEqual(again, { answer: 'answer 0', taken: ['split fresh', 'write fresh'] })
  assert.deepEqual(at.calls, [1, 1])
  at.world.assertBalanced()
})

test('pattern pipeline: everything that matters is in the key', async () => {
  const at = begin({ independentOf: ['data'] })
  await at.answered()
  assert.deepEqual((await at.answered(question, { ...today, tenant: 'other' })).taken, [
    ...['split made', 'write made'],
  ])
  assert.deepEqual((await at.answered(question, { ...today, data: 'v2' })).taken, [
    ...['split fresh', 'write made'],
  ])
  const cooler = { ...today, more: { temperature: 0 } }
  assert.deepEqual((await at.answered(question, cooler)).taken, ['split made', 'write made'])
  const other = { ...question, by: 'bob' }
  // Another question, and the same parts of it: the second stage depends on those alone.
  assert.deepEqual((await at.answered(other)).taken, ['split made', 'write fresh'])
  // Code and model of a stage are part of its key too.
  for (const changed of [{ version: 2 }, { uses: { model: 'm2', tools: ['search'] } }]) {
    at.world = at.world.crash(0, { actors: makeActors({ independentOf: ['data'] }, changed) })
    assert.deepEqual((await at.answered()).taken, ['split fresh', 'write made'])
  }
})

test('pattern pipeline: a stampede makes one call for each stage', async () => {
  const at = begin()
  const answers = Array.from({ length: 20 }, () => watched(at.ask()))
  await at.world.settle()
  assert.deepEqual(at.calls, [1, 0])
  at.services.split.at(0).answer(['why'])
  await at.world.settle()
  assert.deepEqual(at.calls, [1, 1])
  at.services.write.at(0).answer('because')
  for (const { promise } of answers)
    assert.equal((await settled(at.world, promise)).answer, 'because')
  assert.deepEqual(at.calls, [1, 1])
})

test('pattern pipeline: an error is not kept, and what went before it is', async () => {
  const at = begin()
  const failing = watched(at.ask())
  await at.world.settle()
  at.services.split.at(0).answer(['why'])
  await at.world.settle()
  at.services.write.at(0).fail(new Error('down'))
  await assert.rejects(settled(at.world, failing.promise), /down/)
  assert.deepEqual((await at.answered()).taken, ['split fresh', 'write made'])
  assert.deepEqual(at.calls, [1, 2])
})

test('D2: pattern pipeline: after a crash it goes on at the stage where it was', async () => {
  const at = begin()
  const desk = at.world.ref(Desk, 'd').ask
  watched(desk.ask({ question, basis: today }, { id: 'once' }))
  await at.world.settle()
  at.services.split.at(0).answer(['why', 'how'])
  await at.world.settle()
  assert.deepEqual(at.calls, [1, 1], 'it is writing')
  at.world = at.world.crash(1_000)
  await at.world.settle()
  assert.deepEqual(at.calls, [1, 2], 'it writes again, and does not split again')
  at.services.write.at(1).answer('because')
  // The turn was told before the crash; whoever asks under the same id gets its reply.
  const same = at.world.ref(Desk, 'd').ask.ask({ question, basis: today }, { id: 'once' })
  assert.equal((await settled(at.world, same)).answer, 'because')
  assert.deepEqual((await at.answered()).taken, ['split fresh', 'write fresh'])
  assert.deepEqual(at.calls, [1, 2])
  at.world.assertBalanced()
})

test('pattern pipeline: what is kept is there after a restart, for its time', async () => {
  const at = begin({ ttl: 60_000, jitter: 0 }, { ttl: 3_600_000, jitter: 0 })
  await at.answered()
  at.world = at.world.crash(59_000)
  assert.deepEqual((await at.answered()).taken, ['split fresh', 'write fresh'])
  at.world = at.world.crash(2_000)
  assert.deepEqual((await at.answered()).taken, ['split made', 'write fresh'])
})

test('pattern pipeline: what was made together is not made anew together', async () => {
  const at = begin({ ttl: 100_000, jitter: 0.5 })
  const asked = Array.from({ length: 8 }, (_, n) => ({ text: `question ${n}` }))
  for (const each of asked) await at.answered(each)
  await at.world.advance(75_000)
  const [before = 0] = at.calls
  for (const each of asked) await at.answered(each)
  const anew = (at.calls[0] ?? 0) - before
  assert.ok(anew > 0 && anew < asked.length, `${anew} of ${asked.length}`)
})

test('pattern pipeline: past its time an output is given at once, while one turn renews it', async () => {
  const at = begin({ ttl: 10_000, jitter: 0, stale: 50_000 })
  await at.answered()
  await at.world.advance(20_000)
  const stale = [watched(at.ask()), watched(at.ask()), watched(at.ask())]
  for (const { promise } of stale) {
    assert.deepEqual((await settled(at.world, promise)).taken, ['split stale', 'write fresh'])
  }
  assert.deepEqual(at.calls, [2, 1], 'one call renews it')
  at.services.split.at(1).answer(['how'])
  await at.world.settle()
  assert.deepEqual((await at.answered()).taken, ['split fresh', 'write made'])
  assert.deepEqual(at.calls, [2, 2])
})

test('pattern pipeline: a renewal that fails leaves the stale output, and is not tried at every call', async () => {
  const at = begin({ ttl: 10_000, jitter: 0, stale: 50_000 })
  await at.answered()
  await at.world.advance(20_000)
  const stale = await settled(at.world, at.ask())
  assert.deepEqual(at.calls, [2, 1])
  at.services.split.at(1).fail(new Error('down'))
  await at.world.settle()
  assert.deepEqual(stale.taken, ['split stale', 'write fresh'])
  assert.deepEqual((await settled(at.world, at.ask())).taken, ['split stale', 'write fresh'])
  assert.equal(at.calls[0], 2, 'not again so soon')
  await at.world.advance(1_500)
  await settled(at.world, at.ask())
  assert.equal(at.calls[0], 3)
  at.services.split.at(2).answer(['why', 'how'])
  await at.world.settle()
  assert.deepEqual(at.world.letters, [])
})

test('pattern pipeline: a stage keeps so many bytes and no more; the oldest go first', async () => {
  const at = begin({ maxBytes: 3 * (512 + 13) })
  const asked = Array.from({ length: 5 }, (_, n) => ({ text: `question ${n}` }))
  for (const each of asked) {
    await at.answered(each)
    await at.world.advance(1_000)
  }
  const taken = []
  for (const each of asked.toReversed()) taken.push((await at.answered(each)).taken[0])
  assert.deepEqual(taken, [
    ...['split fresh', 'split fresh', 'split fresh', 'split made', 'split made'],
  ])
  const shelf = shelfOf(at.world)
  assert.equal(shelf.entries.size, 3)
  assert.ok(shelf.bytes <= 3 * (512 + 13), String(shelf.bytes))
  // One that fits nowhere is made and not kept.
  const none = begin({ maxBytes: 100 })
  await none.answered()
  assert.deepEqual((await none.answered()).taken, ['split made', 'write fresh'])
})

test('pattern pipeline: what is past its time is gone from memory and store by itself', async () => {
  const at = begin({ ttl: 10_000, stale: 5_000 }, { ttl: 10_000, stale: 5_000 })
  await at.answered()
  const { entries } = shelfOf(at.world)
  const [id] = [...entries.keys()].map((key) => `kb.stage/${key}`)
  assert.ok(id !== undefined && at.world.cell(id) !== undefined)
  await at.world.advance(15_001)
  assert.equal(at.world.cell(id), undefined)
  assert.deepEqual((await at.answered()).taken, ['split made', 'write made'])
})

test('pattern pipeline: stages that make no sense are refused, and inputs that have no content', async () => {
  const run = () => 1
  const wrong = [
    { stages: { a: { run } } },
    { stages: { a: { version: 1 } } },
    { stages: { 'a/b': { version: 1, run } } },
    { stages: { a: { version: 1, run, tll: 5 } } },
    { stages: { a: { version: 1, run, jitter: 2 } } },
  ] as never[]
  for (const parts of wrong) assert.throws(() => pipeline('p', parts), { code: 'OPTION_INVALID' })
  assert.throws(() => pipeline('p p', { stages: { a: { version: 1, run } } }), {
    code: 'ADDRESS_INVALID',
  })
  const at = begin()
  await assert.rejects(settled(at.world, at.ask(question, { tenant: 'a' } as Basis)), {
    code: 'OPTION_INVALID',
  })
})
