/** F1: what the failure of a volatile actor costs, and what it does not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor, type Supervision } from '../../actors/actor.ts'
import type { CellEvent } from '../../actors/cell/ports.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import type { TroupeError } from '../../mailbox/errors.ts'
import { gate } from './gate.ts'
import { type Harness, harness } from './harness.ts'

const Worker = contract('worker', {
  note: message<string, number>(),
  fail: message<string>(),
  failLate: message<string>(),
  stash: message<string>(),
  unstash: message(),
  leave: message(),
  watch: message<{ readonly key: string }>(),
})

interface Faults {
  state?: (key: string) => void
  deps?: () => unknown
  onStart?: () => void | Promise<void>
}

function workers(supervision: Supervision = {}, faults: Faults = {}) {
  const log: string[] = []
  const held = gate()
  const worker = actor(Worker, {
    supervision,
    state(key) {
      faults.state?.(key)
      return { seen: 0 }
    },
    onStart: () => faults.onStart?.(),
    on: {
      note(ctx, text) {
        log.push(text)
        ctx.state.seen += 1
        return ctx.state.seen
      },
      fail(_ctx, text) {
        throw new Error(text)
      },
      async failLate(_ctx, text) {
        await held.opened
        throw new Error(text)
      },
      stash(ctx, text) {
        if (ctx.state.seen === 0) return ctx.stash()
        log.push(text)
      },
      unstash(ctx) {
        ctx.state.seen += 1
        ctx.unstash()
      },
      leave: (ctx) => ctx.stop(),
      watch: (ctx, { key }) => ctx.watch(ctx.ref(Worker, key)),
    },
    onTerminated: (_ctx, who) => void log.push(`end of ${who.key}`),
  })
  const h = harness({ actors: [worker], ...(faults.deps && { deps: faults.deps }) })
  return { h, log, held, ref: (key = 'a') => h.ref(Worker, key) }
}

const restarts = (h: Harness): Extract<CellEvent, { event: 'actor-restarted' }>[] =>
  h.events.filter((event) => event.event === 'actor-restarted')
const stops = (h: Harness): Extract<CellEvent, { event: 'actor-stopped' }>[] =>
  h.events.filter((event) => event.event === 'actor-stopped')
const reasons = (h: Harness): string[] =>
  h.letters.map(({ envelope, reason }) => `${envelope.name} ${reason}`)

/** The runtime's errors keep what the handler threw as their cause. */
const failedWith =
  (text: string) =>
  (error: TroupeError): true => {
    assert.equal(error.code, 'ACTOR_FAILED')
    assert.equal((error.cause as Error).message, text)
    return true
  }

test('F1: the message in hand is a dead letter with the error, the state is fresh', async () => {
  const { h, ref } = workers()
  const first = ref().ask.note('one')
  await h.settle()
  assert.equal(await first, 1)
  ref().tell.fail('broken')
  await h.settle()
  assert.deepEqual(reasons(h), ['fail failed'])
  assert.match(String(h.letters[0]?.error), /broken/)
  const second = ref().ask.note('two')
  await h.advance(200)
  assert.equal(await second, 1, 'the count began anew')
  assert.equal(h.imbalance(), 0)
})

test('F1: an ask in hand at a restart is told', async () => {
  const { h, held, ref } = workers()
  const asked = ref().ask.fail('at once')
  asked.catch(() => undefined)
  await h.settle()
  await assert.rejects(asked, failedWith('at once'))
  const late = ref().ask.failLate('late')
  late.catch(() => undefined)
  await h.advance(200)
  held.open()
  await h.settle()
  await assert.rejects(late, failedWith('late'))
  assert.deepEqual(h.letters, [], 'who asked was told; there is nobody else to tell')
  assert.equal(h.imbalance(), 0)
})

test('F1: pending messages survive a restart', async () => {
  const { h, log, ref } = workers()
  ref().tell.fail('first')
  for (const text of ['one', 'two', 'three']) ref().tell.note(text)
  await h.settle()
  ref().tell.note('four')
  await h.advance(199)
  assert.deepEqual(log, [])
  await h.advance(1)
  assert.deepEqual(log, ['one', 'two', 'three', 'four'])
  assert.equal(h.imbalance(), 0)
})

test('F1: stash and mailbox keep their order through restarts and back-off', async () => {
  const { h, log, ref } = workers()
  for (const text of ['s1', 's2', 's3']) ref().tell.stash(text)
  ref().tell.fail('first')
  ref().tell.note('m1')
  await h.settle()
  assert.equal(restarts(h).length, 1)
  ref().tell.note('m2')
  // What was stashed comes back before what waited, and is stashed again, and fails again.
  ref().tell.fail('second')
  await h.advance(200)
  assert.equal(restarts(h).length, 2)
  assert.deepEqual(log, ['m1', 'm2'])
  ref().tell.note('m3')
  ref().tell.unstash()
  await h.advance(400)
  assert.deepEqual(log, ['m1', 'm2', 'm3', 's1', 's2', 's3'])
  assert.equal(h.imbalance(), 0)
})

test('F1: the fresh state is shown what the old one had put aside, before what waits', async () => {
  const Door = contract('door', { knock: message<string>(), fail: message() })
  const log: string[] = []
  const door = actor(Door, {
    state: () => ({ isOpen: log.length > 0 }),
    on: {
      knock(ctx, who) {
        log.push(who)
        if (!ctx.state.isOpen) ctx.stash()
      },
      fail() {
        throw new Error('off its hinges')
      },
    },
  })
  const h = harness({ actors: [door] })
  for (const who of ['one', 'two']) h.ref(Door, 'd').tell.knock(who)
  h.ref(Door, 'd').tell.fail()
  h.ref(Door, 'd').tell.knock('three')
  await h.advance(200)
  assert.deepEqual(log, ['one', 'two', 'one', 'two', 'three'])
  assert.equal(h.accounting('door').stashed, 0)
  assert.equal(h.imbalance(), 0)
})

test('F1: a stash survives a second failure during the replay after a back-off', async () => {
  const { h, log, ref } = workers()
  ref().tell.stash('s1')
  ref().tell.stash('s2')
  await h.settle()
  ref().tell.fail('one')
  await h.advance(200)
  ref().tell.fail('two')
  await h.advance(400)
  ref().tell.unstash()
  await h.settle()
  assert.deepEqual(log, ['s1', 's2'])
  assert.equal(h.imbalance(), 0)
})

test('F1: five restarts in 60 s, paused 200 ms and doubling, then a stop that is told', async () => {
  const { h, log, ref } = workers()
  ref('w').tell.note('up')
  ref().tell.note('up')
  await h.settle()
  ref('w').tell.watch({ key: 'a' })
  for (let i = 0; i < 6; i += 1) ref().tell.fail(String(i))
  ref().tell.note('left behind')
  await h.advance(10_000)
  assert.deepEqual(
    restarts(h).map(({ backoff, restarts: n }) => [n, backoff]),
    [
      [1, 200],
      [2, 400],
      [3, 800],
      [4, 1_600],
      [5, 3_200],
    ],
  )
  assert.deepEqual(
    stops(h).map(({ actor: id, reason }) => [id, reason]),
    [['worker/a', 'failed']],
  )
  assert.deepEqual(log, ['up', 'up', 'end of a'])
  assert.equal(reasons(h).at(-1), 'note stopped')
  assert.equal(h.imbalance(), 0)
})

test('F1: messages left at the terminal stop become dead letters', async () => {
  const { h, ref } = workers({ restarts: 0 })
  ref().tell.stash('stashed')
  ref().tell.fail('for good')
  ref().tell.note('waiting')
  const asked = ref().ask.note('asked')
  asked.catch(() => undefined)
  await h.settle()
  assert.deepEqual(reasons(h), ['fail failed', 'stash stopped', 'note stopped', 'note stopped'])
  assert.ok(h.letters.every(({ error }) => (error as Error).message === 'for good'))
  await assert.rejects(asked, failedWith('for good'))
  assert.equal(h.imbalance(), 0)
})

test('F1: the budget is a window: failures that are further apart go on for ever', async () => {
  const { h, ref } = workers()
  for (let i = 0; i < 20; i += 1) {
    ref().tell.fail(String(i))
    await h.advance(13_000)
  }
  assert.equal(restarts(h).length, 20)
  assert.equal(stops(h).length, 0)
  assert.equal(h.imbalance(), 0)
})

test("F1: the restart budget is the actor's own", async () => {
  const Parent = contract('parent', { go: message() })
  const parent = actor(Parent, {
    on: {
      go(ctx) {
        for (const name of ['x', 'y']) ctx.spawn(Worker, name)
      },
    },
  })
  const log: string[] = []
  const child = actor(Worker, {
    on: {
      note: (_ctx, text) => log.push(text),
      fail(_ctx, text) {
        throw new Error(text)
      },
      failLate: () => undefined,
      stash: () => undefined,
      unstash: () => undefined,
      leave: () => undefined,
      watch: () => undefined,
    },
  })
  const h = harness({ actors: [parent, child] })
  h.ref(Parent, 'p').tell.go()
  await h.settle()
  // Each fails as often as it may; together they would be over a shared budget.
  for (let i = 0; i < 5; i += 1) {
    for (const key of ['p/x', 'p/y']) h.ref(Worker, key).tell.fail(String(i))
  }
  for (const key of ['p/x', 'p/y']) h.ref(Worker, key).tell.note(key)
  await h.advance(10_000)
  assert.equal(restarts(h).length, 10)
  assert.equal(stops(h).length, 0)
  assert.deepEqual(log, ['p/x', 'p/y'])
  assert.equal(h.imbalance(), 0)
})

test('F1: every restart is an event', async () => {
  const { h, ref } = workers()
  ref().tell.fail('one')
  ref().tell.fail('two')
  await h.advance(1_000)
  assert.deepEqual(
    restarts(h).map(({ actor: id, error, restarts: n }) => [id, (error as Error).message, n]),
    [
      ['worker/a', 'one', 1],
      ['worker/a', 'two', 2],
    ],
  )
  const failed = h.events.filter((event) => event.event === 'turn-failed')
  assert.deepEqual(
    failed.map(({ message: name, attempt }) => [name, attempt]),
    [
      ['fail', 1],
      ['fail', 1],
    ],
  )
  assert.equal(h.imbalance(), 0)
})

/** Fails the first `times` calls. */
function failing(times: number): () => void {
  let calls = 0
  return () => {
    calls += 1
    if (calls <= times) throw new Error(`failure ${calls}`)
  }
}

const rejecting = (fail: () => void) => async () => {
  await Promise.resolve()
  fail()
}

/** Three failed starts, each with its pause, and nothing that waited is lost. */
async function comesUpAtLast(faultsOf: (fail: () => void) => Faults): Promise<void> {
  const { h, log, ref } = workers({}, faultsOf(failing(3)))
  ref().tell.note('waits for the start')
  await h.advance(1_399)
  assert.deepEqual(
    restarts(h).map(({ backoff }) => backoff),
    [200, 400, 800],
  )
  await h.advance(1)
  assert.deepEqual(log, ['waits for the start'])
  assert.deepEqual(h.letters, [], 'no message was in hand')
  assert.equal(h.imbalance(), 0)
}

/** The budget counts starts like turns. */
async function isGivenUp(faultsOf: (fail: () => void) => Faults): Promise<void> {
  const { h, ref } = workers({}, faultsOf(failing(1_000)))
  ref().tell.note('never')
  await h.advance(20_000)
  assert.equal(restarts(h).length, 5)
  assert.deepEqual(
    stops(h).map(({ reason }) => reason),
    ['failed'],
  )
  assert.deepEqual(reasons(h), ['note stopped'])
  assert.equal(h.clock.pending, 0)
  assert.equal(h.imbalance(), 0)
}

test('F1: a failure in state() is a failure like any other', async () => {
  await comesUpAtLast((fail) => ({ state: fail }))
  await isGivenUp((fail) => ({ state: fail }))
})

for (const [name, faultsOf] of [
  ['deps', (fail: () => void): Faults => ({ deps: fail })],
  ['deps, asynchronously,', (fail: () => void): Faults => ({ deps: rejecting(fail) })],
  ['a start hook', (fail: () => void): Faults => ({ onStart: fail })],
  ['a start hook, asynchronously,', (fail: () => void): Faults => ({ onStart: rejecting(fail) })],
] as const) {
  test(`F1: a failure in ${name} is a failure like any other`, async () => {
    await comesUpAtLast(faultsOf)
    await isGivenUp(faultsOf)
  })
}

test('F1: who watches an actor that never comes up is told', async () => {
  const state = (key: string): void => {
    if (key === 'a') throw new Error('no state')
  }
  const { h, log, ref } = workers({}, { state })
  ref().tell.note('never')
  ref('w').tell.watch({ key: 'a' })
  await h.advance(6_199)
  assert.deepEqual(log, [])
  await h.advance(1)
  assert.deepEqual(log, ['end of a'])
  assert.equal(h.imbalance(), 0)
})

test('F1: an actor whose budget is spent stays down for a while, then starts afresh', async () => {
  let starts = 0
  const onStart = (): void => {
    starts += 1
  }
  const { h, ref } = workers({}, { onStart })
  for (let i = 0; i < 6; i += 1) ref().tell.fail(String(i))
  await h.advance(6_200)
  assert.equal(starts, 6)
  assert.equal(stops(h).length, 1)
  h.letters.length = 0
  // A flood of messages does not start it again and again.
  for (let i = 0; i < 100; i += 1) assert.equal(ref().tell.note('x').status, 'queued')
  const asked = ref().ask.note('x')
  asked.catch(() => undefined)
  const delivered = ref().deliver.note('x')
  delivered.catch(() => undefined)
  await h.settle()
  assert.equal(starts, 6)
  assert.equal(h.letters.length, 102)
  for (const each of [asked, delivered]) {
    await assert.rejects(each, (error: TroupeError) => {
      assert.equal(error.code, 'ACTOR_STOPPED')
      assert.equal(error.disposition, 'retryable')
      assert.equal(error.fields['retryAfter'], 30_000)
      return true
    })
  }
  await h.advance(30_000)
  const again = ref().ask.note('x')
  await h.settle()
  assert.equal(await again, 1)
  assert.equal(starts, 7)
  assert.equal(h.imbalance(), 0)
})

for (const directive of ['resume', 'restart', 'stop', 'escalate'] as const) {
  test(`F1: the directive ${directive}`, async () => {
    const { h, ref } = workers({ decide: () => directive })
    ref().tell.note('one')
    ref().tell.fail('now')
    const next = ref().ask.note('two')
    next.catch(() => undefined)
    await h.advance(200)
    assert.equal(reasons(h)[0], 'fail failed')
    if (directive === 'resume') assert.equal(await next, 2, 'the state was kept')
    else if (directive === 'restart') assert.equal(await next, 1, 'the state is fresh')
    else {
      await assert.rejects(next)
      assert.deepEqual(
        stops(h).map(({ reason }) => reason),
        [directive === 'stop' ? 'stopped' : 'failed'],
      )
    }
    assert.equal(h.imbalance(), 0)
  })
}

test('F1: an actor that never came up cannot resume', async () => {
  const { h, log, ref } = workers({ decide: () => 'resume' }, { state: failing(1) })
  ref().tell.note('waits')
  await h.advance(199)
  assert.deepEqual(log, [])
  await h.advance(1)
  assert.deepEqual(log, ['waits'])
  assert.equal(h.imbalance(), 0)
})

test('F1: a decision that throws stops the actor', async () => {
  const decide = (): never => {
    throw new Error('no idea')
  }
  const { h, ref } = workers({ decide })
  ref().tell.fail('now')
  await h.settle()
  assert.equal(stops(h).length, 1)
  assert.equal(h.imbalance(), 0)
})

test('S4: back-off and stopping wake once, not in a loop', async () => {
  const { h, held, ref } = workers()
  ref().tell.fail('now')
  await h.settle()
  assert.equal(h.clock.pending, 1)
  assert.equal(h.clock.next, 200)
  await h.advance(200)
  assert.equal(h.clock.pending, 0)
  ref().tell.failLate('stopping')
  await h.settle()
  h.peer.signal('worker/a', { kind: 'stop', reason: 'stopped' })
  let pumps = 0
  const { pump } = h.peer
  const { schedule } = pump
  pump.schedule = () => {
    pumps += 1
    schedule.call(pump)
  }
  await h.settle()
  assert.ok(pumps <= 2, `${pumps} pumps while it waits for its last turn`)
  assert.equal(h.clock.pending, 0)
  held.open()
  await h.settle()
  assert.equal(stops(h).length, 1)
  assert.equal(h.imbalance(), 0)
})
