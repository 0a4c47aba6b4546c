/** How an ask ends: replies, errors, deadlines, aborts; and what the message options do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { openAsksCapacity } from '../../actors/cell/open-asks.ts'
import type { MessageInfo } from '../../actors/context.ts'
import { contract } from '../../actors/contract.ts'
import { message, stream } from '../../actors/message.ts'
import type { MessageOptions } from '../../actors/ref.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import { type TroupeError, terminal } from '../../mailbox/errors.ts'
import { gate } from './gate.ts'
import { harness } from './harness.ts'

/** The options that are plain data. */
type Plain = Pick<MessageOptions, 'id' | 'lane' | 'trace'>

const Desk = contract('desk', {
  echo: message<string, string>(),
  hold: message<string, string>(),
  obey: message<string, string>(),
  refuse: message<string, string>(),
  crash: message<'error' | 'text' | 'code', string>(),
  relay: message<{ readonly to: string; readonly text: string }, string>(),
  who: message<void, MessageInfo>(),
  passOn: message<Plain, MessageInfo>(),
  stall: message<number>(),
})

/** A clock whose time can pass while no alarm has had its turn, as when handlers hog the thread. */
class BusyClock extends VirtualClock {
  hogged = 0
  override mono(): number {
    return super.mono() + this.hogged
  }
}

function desks(clock = new BusyClock()) {
  const log: string[] = []
  const held = gate()
  const aborted: unknown[] = []
  const desk = actor(Desk, {
    supervision: { decide: () => 'resume' },
    on: {
      echo(_ctx, text) {
        log.push(text)
        return text
      },
      async hold(ctx, text) {
        ctx.signal.addEventListener('abort', () => aborted.push(ctx.signal.reason))
        await held.opened
        return text
      },
      async obey(ctx, text) {
        log.push(`begins ${text}`)
        await new Promise<void>((_resolve, reject) => {
          ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason))
        })
        return text
      },
      refuse(_ctx, text) {
        throw terminal(text, { balance: 3 })
      },
      crash(_ctx, how) {
        if (how === 'text') throw 'just a text'
        throw Object.assign(new Error('out of order'), how === 'code' ? { code: 'E_ORDER' } : {})
      },
      relay: (ctx, { to, text }) => ctx.ref(Desk, to).ask.obey(text),
      who: (ctx) => ctx.message,
      passOn: (ctx, options) => ctx.ref(Desk, 'other').ask.who(undefined, options),
      stall(_ctx, ms) {
        clock.hogged += ms
      },
    },
  })
  const h = harness({ actors: [desk], clock })
  return { h, clock, log, held, aborted, ref: (key = 'd') => h.ref(Desk, key) }
}

/** Waits for the outcome while the runtime runs. */
async function outcome<T>(h: { settle(): Promise<void> }, promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  await h.settle()
  return await promise
}

test('an ask that times out says where it was and what the actor is busy with', async () => {
  const { h, held, log, ref } = desks()
  const busy = ref().ask.hold('first', { within: 100_000 })
  await h.settle()
  ref().tell.echo('before')
  const asked = ref().ask.echo('waits', { within: 500 })
  asked.catch(() => undefined)
  await h.advance(500)
  await assert.rejects(asked, (error: TroupeError) => {
    assert.equal(error.code, 'ASK_TIMEOUT')
    assert.match(error.message, /number 2 in its queue, the actor is busy with "hold" for 500 ms/)
    assert.deepEqual(error.fields, {
      to: 'desk/d',
      message: 'echo',
      within: 500,
      position: 1,
      busyWith: 'hold',
      busyFor: 500,
    })
    return true
  })
  held.open()
  await h.settle()
  assert.equal(await busy, 'first')
  assert.deepEqual(log, ['before'], 'what nobody waits for is not run')
  assert.deepEqual(
    h.letters.map(({ reason }) => reason),
    ['cancelled'],
  )
  assert.equal(h.clock.pending, 0)
  assert.equal(h.imbalance(), 0)
})

test('an ask waits a minute by default, and its turn is told when it gives up', async () => {
  const { h, held, aborted, ref } = desks()
  const asked = ref().ask.hold('x')
  asked.catch(() => undefined)
  await h.advance(59_999)
  assert.equal(aborted.length, 0)
  await h.advance(1)
  await assert.rejects(asked, { code: 'ASK_TIMEOUT', message: /busy with "hold" for 60000 ms/ })
  assert.equal((aborted[0] as TroupeError).code, 'CANCELLED')
  held.open()
  await h.settle()
  assert.equal(h.accounting('desk').processed, 1)
  assert.equal(h.imbalance(), 0)
})

test('a turn that ends because it was aborted costs no restart and no state', async () => {
  const { h, log, ref } = desks()
  const controller = new AbortController()
  const asked = ref().ask.obey('x', { signal: controller.signal })
  asked.catch(() => undefined)
  await h.settle()
  controller.abort(new Error('enough'))
  await h.settle()
  await assert.rejects(asked, (error: TroupeError) => {
    assert.equal(error.code, 'CANCELLED')
    assert.match(String((error.cause as Error).message), /enough/)
    return true
  })
  assert.deepEqual(log, ['begins x'])
  assert.equal(h.events.filter(({ event }) => event === 'turn-failed').length, 0)
  assert.deepEqual(h.accounting('desk'), {
    accepted: 1,
    processed: 1,
    running: 0,
    inTransit: 0,
    pending: 0,
    stashed: 0,
    deadLettered: 0,
    lost: 0,
  })
  assert.equal(h.clock.pending, 0)
  assert.equal(h.imbalance(), 0)
})

test('cancelling reaches every turn down the line', async () => {
  const { h, log, ref } = desks()
  const controller = new AbortController()
  const asked = ref('a').ask.relay({ to: 'b', text: 'deep' }, { signal: controller.signal })
  asked.catch(() => undefined)
  await h.settle()
  assert.deepEqual(log, ['begins deep'])
  controller.abort()
  await h.settle()
  await assert.rejects(asked, { code: 'CANCELLED' })
  assert.equal(h.accounting('desk').running, 0, 'both turns are over')
  assert.equal(h.clock.pending, 0)
  assert.equal(h.imbalance(), 0)
})

test('a waiting message is taken back by its signal', async () => {
  const { h, held, log, ref } = desks()
  const busy = ref().ask.hold('x')
  await h.settle()
  const controller = new AbortController()
  const { signal } = controller
  const asked = ref().ask.echo('asked', { signal })
  asked.catch(() => undefined)
  ref().tell.echo('told', { signal })
  await h.settle()
  controller.abort()
  await h.settle()
  await assert.rejects(asked, { code: 'CANCELLED' })
  held.open()
  await outcome(h, busy)
  assert.deepEqual(log, [])
  assert.deepEqual(
    h.letters.map(({ reason }) => reason),
    ['cancelled', 'cancelled'],
  )
  assert.equal(h.imbalance(), 0)
})

test('the turn of a tell is aborted by the signal of its sender', async () => {
  const { h, log, ref } = desks()
  const controller = new AbortController()
  ref().tell.obey('told', { signal: controller.signal })
  await h.settle()
  controller.abort()
  await h.settle()
  assert.deepEqual(log, ['begins told'])
  assert.deepEqual(
    h.letters.map(({ reason }) => reason),
    ['cancelled'],
  )
  assert.equal(h.events.filter(({ event }) => event === 'turn-failed').length, 0)
  assert.equal(h.imbalance(), 0)
})

test('a signal that was aborted before is refused at once', async () => {
  const { h, ref } = desks()
  const signal = AbortSignal.abort()
  const told = ref().tell.echo('x', { signal })
  assert.ok(told.status === 'refused')
  assert.equal(told.reason, 'cancelled')
  await assert.rejects(outcome(h, ref().ask.echo('x', { signal })), { code: 'CANCELLED' })
  await assert.rejects(outcome(h, ref().deliver.echo('x', { signal })), { code: 'CANCELLED' })
  assert.equal(h.accounting('desk').accepted, 0)
  assert.equal(h.clock.pending, 0)
})

test('a message whose deadline passed is a dead letter, and its asker is told', async () => {
  const { h, log, ref } = desks()
  ref().tell.stall(100)
  ref().tell.echo('told', { within: 50 })
  const asked = ref().ask.echo('asked', { within: 50 })
  const fine = ref().ask.echo('fine', { within: 500 })
  asked.catch(() => undefined)
  await h.settle()
  await assert.rejects(asked, { code: 'MESSAGE_EXPIRED' })
  assert.equal(await fine, 'fine')
  assert.deepEqual(log, ['fine'])
  assert.deepEqual(
    h.letters.map(({ envelope, reason }) => [envelope.payload, reason]),
    [
      ['told', 'expired'],
      ['asked', 'expired'],
    ],
  )
  assert.equal(h.imbalance(), 0)
})

test('an asked error keeps its code, fields and cause, and shows handler and caller', async () => {
  const { h, ref } = desks()
  async function theCaller(): Promise<string> {
    return await ref().ask.refuse('insufficient funds')
  }
  await assert.rejects(outcome(h, theCaller()), (error: TroupeError) => {
    assert.equal(error.code, 'TERMINAL')
    assert.equal(error.message, 'insufficient funds')
    assert.deepEqual(error.fields, { balance: 3 })
    assert.equal(error.disposition, 'terminal')
    const [handler, caller] = (error.stack as string).split('--- asked from ---')
    assert.match(handler as string, /refuse/)
    assert.match(caller as string, /theCaller/)
    return true
  })
  await assert.rejects(outcome(h, ref().ask.crash('code')), (error: TroupeError) => {
    assert.equal(error.code, 'ACTOR_FAILED')
    assert.match(error.message, /desk\/d failed in "crash": out of order/)
    assert.deepEqual(error.fields, { actor: 'desk/d', message: 'crash' })
    assert.equal((error.cause as { code?: string }).code, 'E_ORDER')
    return true
  })
  await assert.rejects(outcome(h, ref().ask.crash('text')), /just a text/)
  assert.equal(h.imbalance(), 0)
})

test('priorities are lanes', async () => {
  const { h, ref } = desks()
  const lanes = [
    [10, 'control'],
    [99, 'control'],
    [9, 'high'],
    [1, 'high'],
    [0, 'normal'],
    [-1, 'low'],
    [undefined, 'normal'],
  ] as const
  for (const [priority, lane] of lanes) {
    const asked = ref().ask.who(undefined, priority === undefined ? {} : { priority })
    assert.equal((await outcome(h, asked)).lane, lane)
  }
  assert.equal((await outcome(h, ref().ask.who(undefined, { lane: 'low' }))).lane, 'low')
  assert.equal(h.imbalance(), 0)
})

test('a wrong option is refused with what was expected', async () => {
  const { h, ref } = desks()
  const wrong: [MessageOptions, RegExp][] = [
    [{ withn: 5 } as never, /unknown option "withn"; did you mean "within"/],
    [{ lane: 'urgent' } as never, /"lane" must be one of "control"/],
    [{ lane: 'high', priority: 3 }, /not both/],
    [{ priority: 1.5 }, /"priority" must be an integer/],
    [{ within: -1 }, /"within" must be a number of milliseconds/],
    [{ signal: {} as never }, /"signal" must be an AbortSignal/],
    [{ id: '@mine' }, /not starting with "@"/],
    [{ trace: '' }, /"trace" must be a non-empty text/],
  ]
  for (const [options, expected] of wrong) {
    const what = { code: 'OPTION_INVALID', message: expected }
    assert.throws(() => ref().tell.echo('x', options), what)
    await assert.rejects(outcome(h, ref().ask.echo('x', options)), what)
    await assert.rejects(outcome(h, ref().deliver.echo('x', options)), what)
  }
  assert.equal(h.accounting('desk').accepted, 0)
  assert.equal(h.clock.pending, 0)
})

test('id, trace and sender arrive, and a trace goes on with what a turn sends', async () => {
  const { h, ref } = desks()
  const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const direct = await outcome(h, ref().ask.who(undefined, { id: 'mine', trace }))
  assert.deepEqual(direct, {
    id: 'mine',
    name: 'who',
    lane: 'normal',
    from: undefined,
    attempt: 1,
    trace,
    topic: undefined,
    tick: undefined,
  })
  const passed = await outcome(h, ref().ask.passOn({ id: 'inner', lane: 'high' }, { trace }))
  assert.deepEqual(
    { ...passed, tick: undefined, topic: undefined },
    {
      id: 'inner',
      name: 'who',
      lane: 'high',
      from: { type: 'desk', key: 'd' },
      attempt: 1,
      trace,
      topic: undefined,
      tick: undefined,
    },
  )
  const other = await outcome(h, ref().ask.passOn({ trace: 'its own' }, { trace }))
  assert.equal(other.trace, 'its own')
  assert.equal(h.imbalance(), 0)
})

test('who is not in the app is said at once', async () => {
  const { h } = desks()
  const Missing = contract('missing', { go: message() })
  const told = h.ref(Missing, 'm').tell.go()
  assert.ok(told.status === 'refused')
  assert.equal(told.reason, 'no-definition')
  await assert.rejects(outcome(h, h.ref(Missing, 'm').ask.go()), { code: 'DEFINITION_MISSING' })
  assert.throws(() => h.outside.ref(Desk, { type: 'missing', key: 'm' }), {
    code: 'ADDRESS_INVALID',
  })
  assert.equal(h.imbalance(), 0)
})

test('S4: the deadline of an answered ask wakes nobody', async () => {
  const { h, ref } = desks()
  for (let i = 0; i < 10; i += 1) assert.equal(await outcome(h, ref().ask.echo('x')), 'x')
  assert.equal(h.clock.pending, 0)
  assert.equal(h.peer.asks.size, 0)
  assert.equal(h.imbalance(), 0)
})

test('M5: the open asks of one turn are bounded, and room comes back as they settle', async () => {
  const Crowd = contract('crowd', {
    ask: message<void, number[]>(),
    wait: message<number, number>(),
  })
  const held = gate()
  const crowd = actor(Crowd, {
    on: {
      async ask(ctx) {
        const to = ctx.ref(Crowd, 'other')
        const open = Array.from({ length: openAsksCapacity }, (_, n) => to.ask.wait(n))
        const refused = await Promise.allSettled([to.ask.wait(-1), to.deliver.wait(-1)])
        for (const one of refused) {
          assert.equal(one.status === 'rejected' && one.reason.code, 'MAILBOX_FULL')
        }
        assert.throws(() => ctx.ref(Flow, 'f').stream.items(), { code: 'MAILBOX_FULL' })
        held.open()
        return [...(await Promise.all(open)), await to.ask.wait(-2)]
      },
      async wait(_ctx, n) {
        await held.opened
        return n
      },
    },
  })
  const flow = actor(Flow, { on: { *items() {} } })
  const h = harness({ actors: [crowd, flow], development: false })
  const all = h.ref(Crowd, 'c').ask.ask()
  await h.settle()
  assert.equal((await all).length, openAsksCapacity + 1)
  assert.equal((await all).at(-1), -2)
  assert.equal(h.imbalance(), 0)
})

const Flow = contract('flow', { items: stream<void, number>() })
