/** What a collector gets to see of messages and turns, taken from the wire. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { context, trace } from '@opentelemetry/api'
import { StackContextManager } from '@opentelemetry/sdk-trace'
import { createSystem } from '../../runtime/main/create-system.ts'
import type { SystemOptions } from '../../runtime/main/options.ts'
import type { System } from '../../runtime/main/system.ts'
import type { TraceExporter, TraceOptions } from '../../runtime/telemetry/traces/options.ts'
import { fromSources } from '../house/from-sources.ts'
import { fileOf } from '../system/support.ts'
import { assertOneTree, parentOf, type ReceivedSpan, type Receiver, receiver } from './receiver.ts'
import shop, { Order, Till } from './traced.app.ts'

const item = { item: 'tea', note: 'for Ms Hooper' }

function systemFor(
  t: TestContext,
  traces: TraceOptions,
  options: SystemOptions = {},
): Promise<System> {
  const given = { store: 'memory', workers: 0, log: () => undefined, ...options }
  return createSystem(shop, { ...given, telemetry: { traces } }).then((system) => {
    t.after(() => system.close())
    return system
  })
}

async function traced(
  t: TestContext,
  traces: Partial<TraceOptions> = {},
  options: SystemOptions = {},
): Promise<{ system: System; collector: Receiver }> {
  const collector = await receiver(t)
  return { system: await systemFor(t, { endpoint: collector.url, ...traces }, options), collector }
}

const told = (spans: readonly ReceivedSpan[]): string =>
  spans.map(({ name, attributes }) => `${name} ${JSON.stringify(attributes)}`).join('\n')

test('traces: an ask, what its turn asks and tells, and what follows are one tree', async (t) => {
  const headers = { authorization: 'Bearer key' }
  const resource = { 'service.name': 'shop' }
  const { system, collector } = await traced(t, { headers, resource })
  assert.equal(await system.ref(Order, 'anna').ask.place(item), 300)
  assert.deepEqual(Object.keys((await system.health()).traces ?? {}), [
    'exported',
    'failed',
    'error',
    'dropped',
  ])
  await system.close()
  const root = assertOneTree(collector.spans)
  assert.equal(root.name, 'send order')
  assert.equal(root.kind, 'producer')
  assert.equal(
    collector.names(),
    'pack, process order, process price, process till, process till, send order, send price, send till, send till',
  )
  const turn = collector.only('process order')
  assert.equal(turn.kind, 'consumer')
  assert.deepEqual(turn.links, [root.spanId])
  assert.equal(turn.parentId, root.spanId)
  assert.equal(turn.attributes['messaging.destination.name'], 'order')
  assert.equal(turn.attributes['messaging.system.name'], 'troupe')
  assert.equal(turn.attributes['troupe.actor.key'], 'anna')
  assert.equal(turn.attributes['troupe.turn.attempt'], 1)
  assert.equal(turn.resource['service.name'], 'shop')
  assert.match(turn.schema, /schemas\/1\.45\.0$/)
  assert.equal(collector.headers[0]?.authorization, 'Bearer key')
  const pack = collector.only('pack')
  assert.equal(pack.attributes['shop.items'], 1)
  assert.equal(parentOf(collector.spans, pack), turn)
  const below = collector.named('send till').map((send) => parentOf(collector.spans, send)?.name)
  assert.deepEqual(below.sort(), ['pack', 'process order'])
  for (const { start, end } of collector.spans) assert.ok(end >= start && start > 10n ** 18n)
  assert.ok(root.end >= turn.end, 'an ask lasts until its answer')
})

test('traces: nothing of what was said is told, and no name says whose it is', async (t) => {
  const { system, collector } = await traced(t)
  await system.ref(Order, 'anna').ask.place(item)
  await assert.rejects(system.ref(Order, 'anna').ask.refuse(), { code: 'ACTOR_FAILED' })
  await system.close()
  assert.doesNotMatch(told(collector.spans), /Hooper|4711/)
  for (const { name } of collector.spans) assert.doesNotMatch(name, /anna|tea|front|back|@/)
})

test('traces: with content, payloads and errors are told', async (t) => {
  const { system, collector } = await traced(t, { content: true })
  await system.ref(Order, 'anna').ask.place(item)
  await assert.rejects(system.ref(Order, 'anna').ask.refuse(), { code: 'ACTOR_FAILED' })
  await system.close()
  assert.match(told(collector.spans), /Hooper/)
  assert.match(told(collector.spans), /4711/)
})

test('traces: T3: a turn that failed says so, and what it had said was never sent', async (t) => {
  const { system, collector } = await traced(t)
  await assert.rejects(system.ref(Order, 'anna').ask.refuse(), { code: 'ACTOR_FAILED' })
  await system.close()
  assert.equal(collector.names(), 'process order, send order')
  const turn = collector.only('process order')
  assert.ok(turn.isFailed)
  assert.equal(turn.attributes['error.type'], 'RangeError')
  assert.ok(collector.only('send order').isFailed)
})

test('traces: whether one is recorded is decided where it begins, and travels', async (t) => {
  const { system, collector } = await traced(t, { sampling: 0 })
  const anna = system.ref(Order, 'anna')
  const caller = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  assert.equal(await anna.ask.trace(), undefined)
  assert.match((await anna.ask.trace(undefined, { trace: caller })) ?? '', /^00-0af7651916cd43/)
  const unsampled = caller.replace(/01$/, '00')
  assert.equal(await anna.ask.trace(undefined, { trace: unsampled }), unsampled)
  assert.equal(await anna.ask.trace(undefined, { trace: 'not one' }), 'not one')
  await system.close()
  assert.equal(collector.names(), 'process order, send order')
  assert.equal(collector.only('send order').parentId, 'b7ad6b7169203331')
})

test('traces: a call goes on from the active span of OpenTelemetry', async (t) => {
  context.setGlobalContextManager(new StackContextManager().enable())
  t.after(() => context.disable())
  const { system, collector } = await traced(t, { sampling: 0 })
  const caller = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 }
  const active = trace.setSpanContext(context.active(), caller)
  await context.with(active, () => system.ref(Order, 'anna').ask.place(item))
  await system.ref(Order, 'anna').ask.place(item)
  await system.close()
  assert.equal(collector.only('send order').parentId, caller.spanId)
  assert.ok(collector.spans.every(({ traceId }) => traceId === caller.traceId))
})

test('traces: a tick begins one; a topic is followed, and is no name', async (t) => {
  const { system, collector } = await traced(t)
  await system.ref(Order, 'anna').ask.later()
  await system.ref(Till, 'front').ask.start()
  system.publish('sales.anna', { cents: 5 })
  await system.quiet()
  await system.close()
  const tick = collector
    .named('process order')
    .find(({ attributes }) => attributes['troupe.message.name'] === 'tick')
  assert.equal(tick?.parentId, '')
  const sale = collector.only('publish')
  assert.equal(sale.attributes['messaging.destination.name'], 'sales.anna')
  const heard = collector.named('process till').map((span) => parentOf(collector.spans, span)?.name)
  assert.deepEqual(heard.sort(), ['publish', 'send till'])
})

test("traces: what a host's own services send begins none", async (t) => {
  const { system, collector } = await traced(t)
  await system.ref(Order, 'anna').ask.aside()
  await system.quiet()
  await system.close()
  assert.equal(collector.names(), 'process order, send order')
})

test('traces: a trace on two threads is one tree, told by one exporter', async (t) => {
  const { system, collector } = await traced(t, {}, { workers: 2, startWithin: 600_000 })
  await system.ref(Order, 'anna').ask.place(item)
  await system.close()
  assertOneTree(collector.spans)
  const slots = collector.spans.flatMap(({ attributes }) => attributes['troupe.slot'] ?? [])
  assert.equal(new Set(slots).size, 2)
  assert.equal(collector.spans.length, 9)
})

test('traces: D2: a turn whose process was killed goes on in its trace, as one tree', async (t) => {
  const collector = await receiver(t)
  const store = fileOf(t)
  const child = fileURLToPath(new URL('./killed-child.ts', import.meta.url))
  const env = { ...process.env, DIES: 'yes' }
  const running = spawn(process.execPath, [...fromSources, child, store, collector.url], { env })
  t.after(() => running.kill('SIGKILL'))
  const gone = once(running, 'exit')
  await Promise.race([once(running.stdout, 'data'), gone])
  const has = (name: string): boolean => collector.named(name).length > 0
  await collector.until(() => ['send order', 'send price', 'process price'].every(has))
  running.kill('SIGKILL')
  assert.equal((await gone)[1], 'SIGKILL')
  assert.ok(!has('process order') && !has('send till'))

  const system = await systemFor(t, { endpoint: collector.url }, { store })
  await system.quiet()
  await system.close()
  const root = assertOneTree(collector.spans)
  assert.equal(root.name, 'send order')
  const turn = collector.only('process order')
  // The price was asked for and answered in the first process, and is below the turn of the second.
  assert.equal(parentOf(collector.spans, collector.only('send price')), turn)
  assert.equal(collector.named('process till').length, 2)
})

for (const [what, fail] of [
  ['throws', () => assert.fail('an exporter that throws')],
  ['fails', (done: (result: { code: number }) => void) => done({ code: 1 })],
] as const) {
  test(`traces: an exporter that ${what} disturbs nothing, is counted and told once`, async (t) => {
    const lines: string[] = []
    const log: SystemOptions['log'] = ({ message }) => void lines.push(message)
    const all = Promise.withResolvers<void>()
    let seen = 0
    const broken: TraceExporter = {
      export(spans, done) {
        seen += spans.length
        if (seen === 18) all.resolve()
        fail(done)
      },
      shutdown: () => Promise.resolve(),
    }
    const system = await systemFor(t, { exporter: broken, every: 0 }, { log })
    assert.equal(await system.ref(Order, 'anna').ask.place(item), 300)
    assert.equal(await system.ref(Order, 'anna').ask.place(item), 600)
    await all.promise
    const { traces } = await system.health()
    assert.equal(traces?.failed, 18)
    assert.equal(traces?.exported, 0)
    assert.ok(traces?.error instanceof Error)
    assert.deepEqual(lines, ['spans cannot be exported'])
  })
}

test('traces: with an exporter that never answers, the queue is bounded and close ends in time', async (t) => {
  const silent = { export: () => undefined, shutdown: () => new Promise<void>(() => undefined) }
  const system = await systemFor(t, { exporter: silent, queue: 4 }, { closeWithin: 500 })
  for (let n = 1; n <= 3; n += 1) await system.ref(Order, 'anna').ask.place(item)
  await system.quiet()
  assert.equal((await system.health()).traces?.dropped, 27 - 4)
  await system.close()
})

test('traces: options are checked where they are given', async () => {
  const bad: readonly [object, RegExp][] = [
    [{}, /give "endpoint" or "exporter"/],
    [{ endpoint: 'localhost:4318' }, /"endpoint".*http or https URL/],
    [{ endpoint: 'http://x', sampling: 2 }, /"sampling".*0 to 1/],
    [{ endpoint: 'http://x', samplin: 1 }, /"sampling"/],
    [{ exporter: {} }, /"exporter".*SpanExporter/],
    [{ endpoint: 'http://x', resource: { a: {} } }, /"resource"/],
  ]
  for (const [traces, message] of bad) {
    await assert.rejects(createSystem(shop, { telemetry: { traces } } as SystemOptions), {
      code: 'OPTION_INVALID',
      message,
    })
  }
})
