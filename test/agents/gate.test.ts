/** The gate's promises, on a clock that stands still: limits in every window, shares, no starvation. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { GateRequest, Permit } from '../../actors/agents/models/gate.ts'
import { type GateLimits, LocalGate } from '../../actors/agents/models/local-gate.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import { laneWeights, type UserLane } from '../../mailbox/lane.ts'

const minute = 60_000
const lanes: readonly UserLane[] = ['control', 'high', 'normal', 'low']

/** Lets every promise that is due settle. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function gateAt(limits: GateLimits): { gate: LocalGate; clock: VirtualClock } {
  const clock = new VirtualClock()
  return { gate: new LocalGate(limits, { clock }), clock }
}

/** Enters and notes who was let through. */
function visitor(gate: LocalGate): {
  readonly let: string[]
  readonly permits: Map<string, Permit>
  enter(name: string, request?: GateRequest): Promise<void>
} {
  const through: string[] = []
  const permits = new Map<string, Permit>()
  return {
    let: through,
    permits,
    async enter(name, request = {}) {
      permits.set(name, await gate.enter(request))
      through.push(name)
    },
  }
}

interface Call {
  readonly after: number
  readonly takes: number
  readonly lane: UserLane
  readonly tenant: string
  readonly tokens: number
  /** Of what it reserved. */
  readonly used: number
  readonly retryAfter: number
  readonly abort: boolean
}

const anyCall = fc.record({
  after: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20_000 })),
  takes: fc.integer({ min: 0, max: 90_000 }),
  lane: fc.constantFrom(...lanes),
  tenant: fc.constantFrom('a', 'b', 'c'),
  tokens: fc.integer({ min: 0, max: 100 }),
  used: fc.double({ min: 0, max: 1, noNaN: true }),
  retryAfter: fc.oneof(
    { weight: 9, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 90_000 }) },
  ),
  abort: fc.oneof(
    { weight: 9, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
})

const anyLimits = fc.record(
  {
    concurrency: fc.integer({ min: 1, max: 4 }),
    requestsPerMinute: fc.integer({ min: 1, max: 6 }),
    tokensPerMinute: fc.integer({ min: 100, max: 300 }),
  },
  { requiredKeys: [] },
)

interface Grant {
  readonly at: number
  readonly call: Call
  tokens: number
}

test('no limit is exceeded in any window, a pause is kept, and everybody comes to their turn', async () => {
  await fc.assert(
    fc.asyncProperty(anyLimits, fc.array(anyCall, { maxLength: 30 }), async (limits, calls) => {
      const { gate, clock } = gateAt(limits)
      const {
        concurrency = Infinity,
        requestsPerMinute = Infinity,
        tokensPerMinute = Infinity,
      } = limits
      const grants: Grant[] = []
      let running = 0
      let closedUntil = 0
      let open = calls.length

      const enter = async (call: Call): Promise<void> => {
        const controller = new AbortController()
        const { tokens, lane, tenant } = call
        const entering = gate.enter({ tokens, lane, tenant }, controller.signal)
        if (call.abort) controller.abort()
        let permit: Permit
        try {
          permit = await entering
        } catch (error) {
          assert.equal((error as { code?: unknown }).code, 'CANCELLED')
          open -= 1
          return
        }
        const now = clock.mono()
        const grant = { at: now, call, tokens }
        grants.push(grant)
        running += 1
        assert.ok(running <= concurrency, 'concurrency')
        const window = grants.filter(({ at }) => at > now - minute)
        assert.ok(window.length <= requestsPerMinute, 'requests')
        assert.ok(window.reduce((sum, { tokens }) => sum + tokens, 0) <= tokensPerMinute, 'tokens')
        assert.ok(now >= closedUntil, 'pause')
        clock.alarm(now + call.takes, () => {
          running -= 1
          open -= 1
          grant.tokens = Math.floor(call.tokens * call.used)
          closedUntil = Math.max(closedUntil, clock.mono() + call.retryAfter)
          permit.settle({ tokens: grant.tokens, retryAfter: call.retryAfter })
        })
      }

      const entered: Promise<void>[] = []
      for (const call of calls) {
        await passed(clock, call.after)
        entered.push(enter(call))
        await settled()
      }
      // Each can be held up by the others' minutes, pauses and durations, and by nothing else.
      for (let round = 0; open > 0 && round < 1_000; round += 1) {
        await settled()
        clock.step()
      }
      await Promise.all(entered)
      assert.equal(open, 0)
      await settled()
      assert.deepEqual(gate.stats, { waiting: 0, running: 0, tokens: gate.stats.tokens })
      // S4: nobody waits, so nothing wakes.
      assert.equal(clock.pending, 0)
    }),
    { numRuns: 150 },
  )
})

/** Lets time pass, and what is due at each alarm happen before the next. */
async function passed(clock: VirtualClock, ms: number): Promise<void> {
  const end = clock.mono() + ms
  while (clock.step(end - clock.mono())) await settled()
  clock.advance(end - clock.mono())
}

test('M2: no lane starves: its share of a busy gate is its weight', async () => {
  const { gate } = gateAt({ concurrency: 1 })
  const { let: through, permits, enter } = visitor(gate)
  await enter('first')
  const entering: Promise<void>[] = []
  for (let n = 0; n < 60; n += 1) {
    for (const lane of lanes) entering.push(enter(`${lane} ${n}`, { lane }))
  }
  for (let served = 0; served < 60; served += 1) {
    permits.get(through.at(-1) as string)?.settle()
    await settled()
  }
  const counts = lanes.map((lane) => through.filter((name) => name.startsWith(lane)).length)
  const shares = laneWeights.slice(1).map((weight) => weight * 4)
  for (const [lane, count] of counts.entries()) {
    assert.ok(Math.abs(count - (shares[lane] as number)) <= 1, `${counts} near ${shares}`)
  }
  // In order within a lane.
  for (const lane of lanes) {
    const names = through.filter((name) => name.startsWith(lane))
    assert.deepEqual(
      names,
      names.map((_, n) => `${lane} ${n}`),
    )
  }
  while (gate.stats.waiting > 0) {
    permits.get(through.at(-1) as string)?.settle()
    await settled()
  }
  await Promise.all(entering)
})

test('a tenant with a thousand calls does not hold up one with a single call', async () => {
  const { gate } = gateAt({ concurrency: 1 })
  const { let: through, permits, enter } = visitor(gate)
  await enter('first')
  const many = Array.from({ length: 1_000 }, (_, n) => enter(`many ${n}`, { tenant: 'many' }))
  permits.get('first')?.settle()
  await settled()
  const one = enter('one', { tenant: 'one' })
  permits.get('many 0')?.settle()
  await one
  assert.deepEqual(through, ['first', 'many 0', 'one'])
  while (gate.stats.waiting > 0 || gate.stats.running > 0) {
    permits.get(through.at(-1) as string)?.settle()
    await settled()
  }
  await Promise.all(many)
})

test('tenants share by tokens, not by calls', async () => {
  const { gate } = gateAt({ concurrency: 1 })
  const { let: through, permits, enter } = visitor(gate)
  await enter('first')
  const entering = Array.from({ length: 40 }, (_, n) => [
    enter(`large ${n}`, { tenant: 'large', tokens: 900 }),
    enter(`small ${n}`, { tenant: 'small', tokens: 100 }),
  ]).flat()
  for (let served = 0; served < 20; served += 1) {
    permits.get(through.at(-1) as string)?.settle()
    await settled()
  }
  assert.equal(through.filter((name) => name.startsWith('large')).length, 2)
  while (gate.stats.waiting > 0) {
    permits.get(through.at(-1) as string)?.settle()
    await settled()
  }
  await Promise.all(entering)
})

test('a large call is not passed over for ever by small ones that would fit', async () => {
  const { gate, clock } = gateAt({ tokensPerMinute: 100 })
  const { let: through, permits, enter } = visitor(gate)
  await enter('half', { tokens: 50 })
  const entering = [enter('large', { tokens: 100 }), enter('small', { tokens: 10 })]
  await settled()
  assert.deepEqual(through, ['half'])
  clock.advance(minute)
  await settled()
  assert.deepEqual(through, ['half', 'large'])
  permits.get('large')?.settle({ tokens: 90 })
  await settled()
  assert.deepEqual(through, ['half', 'large', 'small'])
  await Promise.all(entering)
})

test('a call is charged what it reserves, and refunded what it did not use', async () => {
  const { gate } = gateAt({ tokensPerMinute: 100 })
  const { let: through, permits, enter } = visitor(gate)
  await enter('a', { tokens: 80 })
  const b = enter('b', { tokens: 60 })
  await settled()
  assert.deepEqual(through, ['a'])
  permits.get('a')?.settle({ tokens: 40 })
  await b
  // The first settlement counts.
  permits.get('a')?.settle({ tokens: 0 })
  assert.equal(gate.stats.tokens, 100)
})

test('who gives up leaves the line, who runs keeps the place until the call has settled', async () => {
  const { gate } = gateAt({ concurrency: 1 })
  const controller = new AbortController()
  const permit = await gate.enter({}, controller.signal)
  const waiting = gate.enter({}, controller.signal)
  const next = gate.enter({})
  controller.abort('enough')
  await assert.rejects(waiting, { code: 'CANCELLED', cause: 'enough' })
  await assert.rejects(gate.enter({}, controller.signal), { code: 'CANCELLED' })
  assert.deepEqual(gate.stats, { waiting: 1, running: 1, tokens: 0 })
  permit.settle()
  ;(await next).settle()
})

test('an amount that is none is refused, and costs nobody a place', async () => {
  const { gate } = gateAt({ concurrency: 1, tokensPerMinute: 10 })
  for (const tokens of [Number.NaN, -1, Number.POSITIVE_INFINITY, '5' as unknown as number]) {
    await assert.rejects(gate.enter({ tokens }), { code: 'OPTION_INVALID' })
    const permit = await gate.enter({ tokens: 2 })
    assert.throws(() => permit.settle({ tokens }), { code: 'OPTION_INVALID' })
    await settled()
  }
  await assert.rejects(gate.enter({ lane: 'urgent' as 'high' }), { code: 'OPTION_INVALID' })
  assert.deepEqual(gate.stats, { waiting: 0, running: 0, tokens: 8 })
  // A turn of the runtime's own lane is nobody's to ask for, and no reason to fail.
  ;(await gate.enter({ lane: 'system' })).settle()
})

test('a full gate and a call that never fits are refused at once', async () => {
  const { gate } = gateAt({ concurrency: 1, waiting: 1, tokensPerMinute: 10 })
  const permit = await gate.enter({})
  const waiting = gate.enter({})
  await assert.rejects(gate.enter({}), { code: 'GATE_FULL', fields: { waiting: 1 } })
  await assert.rejects(gate.enter({ tokens: 11 }), { code: 'GATE_TOO_LARGE' })
  permit.settle()
  ;(await waiting).settle()
  assert.throws(() => new LocalGate({ concurrency: 0 }), { code: 'OPTION_INVALID' })
  assert.throws(() => new LocalGate({ requestPerMinute: 1 } as GateLimits), {
    message: /did you mean "requestsPerMinute"/,
  })
})
