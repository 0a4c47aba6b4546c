/** The rows "coordinator" and "priority queue" of the seed patterns. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor, needs } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { type CoordinatorParts, coordinator } from '../../actors/patterns/coordinator.ts'
import type { GraphProgress } from '../../actors/patterns/graph-messages.ts'
import type { TaskSpec } from '../../actors/patterns/task-graph.ts'
import { terminal } from '../../mailbox/errors.ts'
import { settled, watched } from '../durable/support.ts'
import { World } from '../durable/world.ts'
import { Origin } from './support.ts'

interface Services {
  /** What tasks call: the input says which. */
  readonly call: Origin<string, string>
}

const parts: CoordinatorParts<Services> = {
  needs: needs<Services>(),
  kinds: {
    work: (ctx, { id, input, results }) => {
      const given = Object.entries(results).map(([from, value]) => `${from}=${String(value)}`)
      const text = [id, ...(input === undefined ? [] : [String(input)]), ...given].join(' ')
      return ctx.effect('call', text, (step) => ctx.deps.call.call(text, step), {
        idempotent: true,
      })
    },
    twice: async (ctx, { id }) => {
      const one = await ctx.effect('one', id, (step) => ctx.deps.call.call(`${id} one`, step))
      const two = await ctx.effect('two', id, (step) => ctx.deps.call.call(`${id} two`, step))
      return `${one} ${two}`
    },
  },
  maxTasks: 50,
}
const plan = coordinator('plan', parts)

const Listener = contract('listener', {
  listen: message(),
  heard: message<GraphProgress>(),
  all: message<void, string[]>(),
})
const listener = actor(Listener, {
  durable: true,
  state: (): { lines: string[] } => ({ lines: [] }),
  on: {
    listen: (ctx) => ctx.subscribe('plan.progress', 'heard'),
    heard(ctx, { task, at, settled, total }) {
      ctx.state.lines.push(`${task} ${at} ${settled}/${total}`)
    },
  },
  reads: { all: (ctx) => [...ctx.state.lines] },
})

const key = 'g/1'
const work = (
  id: string,
  after: readonly string[] = [],
  more: Partial<TaskSpec> = {},
): TaskSpec => ({
  ...{ id, kind: 'work', after },
  ...more,
})

async function begin(tasks: readonly TaskSpec[], concurrency = 8) {
  const services: Services = { call: new Origin() }
  let world = new World({ actors: [...plan.actors, listener], deps: () => services })
  await settled(world, world.ref(Listener, 'l').ask.listen())
  await settled(world, world.ref(plan.Graph, key).ask.submit({ tasks, concurrency }))
  return {
    calls: services.call.calls,
    get world() {
      return world
    },
    get graph() {
      return world.ref(plan.Graph, key)
    },
    crash(after = 0) {
      world = world.crash(after)
    },
    /** What was called for, in no order: tasks are actors of their own. */
    asked: () => services.call.calls.map(({ input }) => input).sort(),
    call: (words: string) => services.call.of(words),
    async answer(words: string, result: string) {
      services.call.of(words).answer(result)
      await world.settle()
    },
    async fail(words: string, error: unknown) {
      services.call.of(words).fail(error)
      await world.settle()
    },
    status: () => settled(world, world.ref(plan.Graph, key).ask.status()),
    heard: () => settled(world, world.ref(Listener, 'l').ask.all()),
  }
}

test('pattern coordinator: a task runs when its inputs are there, with their results, and no sooner', async () => {
  const at = await begin([
    work('report', ['left', 'right']),
    work('left', ['source']),
    work('right', ['source'], { input: 'r' }),
    work('source'),
  ])
  const result = watched(at.graph.ask.result())
  assert.deepEqual(at.asked(), ['source'])
  await at.answer('source', 'S')
  assert.deepEqual(at.asked(), ['left source=S', 'right r source=S', 'source'])
  await at.answer('left', 'L')
  assert.equal(at.calls.length, 3)
  assert.deepEqual((await at.status()).done, { source: 'S', left: 'L' }, 'partial results')
  await at.answer('right', 'R')
  assert.equal(at.asked()[1], 'report left=L right=R')
  assert.equal(result.done, false)
  await at.answer('report', 'all')
  const { done, failed, skipped } = await settled(at.world, result.promise)
  assert.deepEqual(done, { report: 'all', left: 'L', right: 'R', source: 'S' })
  assert.deepEqual([failed, skipped], [{}, {}])
  assert.equal((await at.status()).finished, true)
  assert.equal(at.world.cell('plan.task/g/1/source'), undefined, 'a task that is done is gone')
  at.world.assertBalanced()
})

test('pattern coordinator: priority orders the ready ones, then the order of submission; so many run and no more', async () => {
  const at = await begin(
    [
      work('first'),
      work('low', ['first'], { priority: -1 }),
      work('a', ['first']),
      work('b', ['first'], { input: { any: 'payload is never compared' } as never }),
      work('urgent', ['first'], { priority: 10 }),
      work('later', ['low'], { priority: 99 }),
    ],
    1,
  )
  const order = []
  for (let n = 0; n < 6; n += 1) {
    assert.equal(at.calls.length, n + 1, 'one at a time')
    const [name = ''] = at.calls[n]?.input.split(' ') ?? []
    order.push(name)
    await at.answer(name, 'x')
  }
  assert.deepEqual(order, ['first', 'urgent', 'a', 'b', 'low', 'later'])
})

test('pattern coordinator: no more run than may, whatever is submitted or ends meanwhile', async () => {
  const at = await begin([work('a'), work('b'), work('c')], 2)
  await settled(at.world, at.graph.ask.submit({ tasks: [work('d', [], { priority: 5 })] }))
  assert.deepEqual(at.asked(), ['a', 'b'])
  await at.answer('a', 'A')
  assert.deepEqual(at.asked(), ['a', 'b', 'd'])
  await settled(at.world, at.graph.ask.submit({ tasks: [], concurrency: 3 }))
  assert.deepEqual(at.asked(), ['a', 'b', 'c', 'd'])
})

test('pattern coordinator: what fails is retried, and paid calls are not made again', async () => {
  const at = await begin([{ id: 't', kind: 'twice' }])
  await at.answer('t one', 'paid')
  await at.fail('t two', new Error('down'))
  await at.world.advance(60_000)
  assert.deepEqual(at.asked(), ['t one', 't two', 't two'])
  await at.answer('t two', 'once')
  assert.deepEqual((await at.status()).done, { t: 'paid once' })
})

test('pattern coordinator: what depends on a failed task is skipped, the rest goes on, and that is told', async () => {
  const at = await begin([
    work('bad', [], { attempts: 1 }),
    work('poor', ['bad']),
    work('poorer', ['poor']),
    work('good'),
    work('summary', ['poorer', 'good'], { whenMissing: 'run' }),
  ])
  const result = watched(at.graph.ask.result())
  await at.fail('bad', new Error('no luck'))
  await at.answer('good', 'G')
  assert.deepEqual(at.asked(), ['bad', 'good', 'summary good=G'])
  await at.answer('summary', 'some')
  assert.deepEqual(await settled(at.world, result.promise), {
    done: { good: 'G', summary: 'some' },
    failed: { bad: { code: 'ACTOR_FAILED', message: 'no luck' } },
    skipped: { poor: 'bad', poorer: 'bad' },
  })
  assert.deepEqual(await at.heard(), [
    ...['bad running 0/5', 'good running 0/5', 'bad failed 1/5', 'poor skipped 3/5'],
    ...['poorer skipped 3/5', 'good done 4/5', 'summary running 4/5', 'summary done 5/5'],
  ])
})

test('pattern coordinator: a refusal for good is not retried', async () => {
  const at = await begin([work('bad', [], { attempts: 5 })])
  await at.fail('bad', terminal('never'))
  await at.world.advance(60_000)
  assert.equal(at.calls.length, 1)
  assert.deepEqual((await at.status()).failed, { bad: { code: 'TERMINAL', message: 'never' } })
})

test('pattern coordinator: a deadline ends the task and its call, retries included', async () => {
  const at = await begin([work('slow', [], { within: 5_000 }), work('next', ['slow'])])
  await at.world.advance(4_999)
  assert.equal(at.calls[0]?.signal.aborted, false)
  await at.world.advance(1)
  assert.equal(at.calls[0]?.signal.aborted, true)
  assert.deepEqual((await at.status()).failed, {
    slow: { code: 'ASK_TIMEOUT', message: 'It did not end within 5000 ms.' },
  })
  assert.deepEqual((await at.status()).skipped, { next: 'slow' })
  assert.equal(at.world.cell('plan.task/g/1/slow'), undefined)
  await at.world.advance(600_000)
  assert.equal(at.calls.length, 1)
})

test('pattern coordinator: cancelled, it ends what runs and starts nothing more', async () => {
  const at = await begin([work('a'), work('b'), work('c', ['a'])])
  const result = watched(at.graph.ask.result())
  await settled(at.world, at.graph.ask.cancel({ task: 'a' }))
  assert.deepEqual(
    ['a', 'b'].map((task) => at.call(task).signal.aborted),
    [true, false],
  )
  await settled(at.world, at.graph.ask.cancel({}))
  assert.deepEqual(
    ['a', 'b'].map((task) => at.call(task).signal.aborted),
    [true, true],
  )
  const { failed, skipped } = await settled(at.world, result.promise)
  assert.deepEqual([Object.keys(failed), skipped], [['a', 'b'], { c: 'a' }])
  assert.equal(failed['a']?.code, 'CANCELLED')
})

test('D2: pattern coordinator: it survives a restart with what runs, what waits and who waits for it', async () => {
  const at = await begin([work('a'), work('b', ['a']), work('c', ['b'], { within: 10_000 })])
  const told = at.graph.ask.result(undefined, { id: 'the result' })
  watched(told)
  await at.answer('a', 'A')
  at.crash(1_000)
  await at.world.settle()
  assert.deepEqual(at.asked(), ['a', 'b a=A', 'b a=A'], 'a is not run again')
  await at.answer('b', 'B')
  assert.equal(at.calls.length, 4)
  at.crash(20_000)
  await at.world.settle()
  await at.world.advance(1)
  assert.deepEqual(Object.keys((await at.status()).failed), ['c'], 'its deadline passed meanwhile')
  const same = at.graph.ask.result(undefined, { id: 'the result' })
  assert.deepEqual((await settled(at.world, same)).done, { a: 'A', b: 'B' })
  at.world.assertBalanced()
})

test('pattern coordinator: rings, unknown inputs and other nonsense are refused at once, and nothing runs', async () => {
  const at = await begin([work('a')])
  const refused = async (tasks: readonly TaskSpec[]): Promise<string> => {
    const error = await settled(at.world, at.graph.ask.submit({ tasks })).catch((reason) => reason)
    assert.match(error.code, /TASK_GRAPH_INVALID|OPTION_INVALID/)
    return error.message
  }
  assert.match(
    await refused([work('x', ['z']), work('y', ['x']), work('z', ['y'])]),
    /x needs z needs y needs x/,
  )
  assert.match(await refused([work('x', ['x'])]), /x needs x/)
  assert.match(await refused([work('x', ['nobody'])]), /"nobody", which is no task/)
  assert.match(await refused([work('x'), work('a')]), /two tasks "a"/)
  assert.match(await refused([{ id: 'x', kind: 'wrk' }]), /kind "wrk"; there are work, twice/)
  assert.match(await refused([{ id: 'x y', kind: 'work' }]), /letters, digits/)
  assert.match(await refused([{ ...work('x'), atempts: 1 } as TaskSpec]), /did you mean "attempts"/)
  assert.match(
    await refused(Array.from({ length: 50 }, (_, n) => work(`t${n}`))),
    /more than 50 tasks/,
  )
  assert.deepEqual(at.asked(), ['a'])
  assert.deepEqual((await at.status()).tasks, { a: 'running' })
})

test('pattern coordinator: tasks can be added while it runs, and a graph can be forgotten', async () => {
  const at = await begin([work('a')])
  await at.answer('a', 'A')
  await settled(at.world, at.graph.ask.submit({ tasks: [work('b', ['a'])] }))
  assert.deepEqual(at.asked(), ['a', 'b a=A'])
  await settled(at.world, at.graph.ask.forget())
  assert.equal(at.call('b').signal.aborted, true)
  assert.deepEqual((await at.status()).tasks, {})
  // The same graph again is another one: it runs, and hears nothing of the first.
  await settled(at.world, at.graph.ask.submit({ tasks: [work('b')] }))
  at.graph.tell.ended({ task: 'b', run: 'an earlier one', output: 'stale' })
  await at.world.settle()
  assert.deepEqual((await at.status()).tasks, { b: 'running' })
  await at.answer('b', 'B')
  assert.deepEqual((await at.status()).done, { b: 'B' })
})
