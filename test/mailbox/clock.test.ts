/** D8, S4: two times that never mix, and alarms that ring once, in order, and not before. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { SystemClock, VirtualClock } from '../../mailbox/clock.ts'
import { TroupeError } from '../../mailbox/errors.ts'

test('D8: alarms ring in order of time, then of setting, whatever the order of setting', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30)), (times) => {
      const clock = new VirtualClock()
      const rung: { at: number; order: number }[] = []
      for (const [order, at] of times.entries()) {
        clock.alarm(at, () => {
          assert.equal(clock.mono(), at)
          rung.push({ at, order })
        })
      }
      clock.advance(30)
      const expected = times.map((at, order) => ({ at, order }))
      assert.deepEqual(
        rung,
        expected.sort((a, b) => a.at - b.at || a.order - b.order),
      )
      assert.equal(clock.pending, 0)
    }),
  )
})

test('S4: time moved in any number of parts rings the same alarms, each once, none early', () => {
  const time = fc.double({ min: 0, max: 100, noNaN: true })
  fc.assert(
    fc.property(fc.array(time), fc.array(time), (times, parts) => {
      const clock = new VirtualClock()
      const rung: number[] = []
      for (const at of times) clock.alarm(at, () => rung.push(at))
      for (const part of parts) {
        clock.advance(part)
        const due = times.filter((at) => at <= clock.mono()).sort((a, b) => a - b)
        assert.deepEqual(rung, due)
        assert.equal(clock.pending, times.length - due.length)
      }
    }),
  )
})

test('an alarm set while another rings takes its place in the same advance', () => {
  const clock = new VirtualClock()
  const rung: string[] = []
  clock.alarm(10, () => {
    rung.push('10')
    clock.alarm(15, () => rung.push('15'))
    clock.alarm(10, () => rung.push('10 again'))
    clock.alarm(5, () => rung.push(`overdue at ${clock.mono()}`))
    clock.alarm(25, () => rung.push('25'))
  })
  clock.alarm(12, () => rung.push('12'))
  clock.advance(20)
  assert.deepEqual(rung, ['10', 'overdue at 10', '10 again', '12', '15'])
  assert.equal(clock.mono(), 20)
  assert.equal(clock.next, 25)
})

test('monotonic time never goes back, also when a ringing alarm moves it on', () => {
  const clock = new VirtualClock()
  clock.alarm(10, () => clock.advance(100))
  clock.advance(20)
  assert.equal(clock.mono(), 110)
  for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () => clock.advance(ms),
      (error) => error instanceof TroupeError && error.code === 'OPTION_INVALID',
    )
  }
  assert.equal(clock.mono(), 110)
})

test('step moves to the next alarm and no further than asked', () => {
  const clock = new VirtualClock()
  let rung = 0
  clock.alarm(50, () => {
    rung += 1
  })
  assert.equal(clock.step(49), false)
  assert.equal(clock.mono(), 0)
  assert.equal(clock.step(50), true)
  assert.deepEqual([clock.mono(), rung], [50, 1])
  assert.equal(clock.step(), false)
})

test('a cancelled alarm never rings; cancelling again, or too late, does nothing', () => {
  const clock = new VirtualClock()
  const rung: string[] = []
  const cancel = clock.alarm(10, () => rung.push('cancelled'))
  const cancelPeer = clock.alarm(20, () => rung.push('cancelled by a peer'))
  const cancelRung = clock.alarm(15, () => {
    rung.push('15')
    cancelPeer()
  })
  cancel()
  cancel()
  clock.advance(30)
  cancelRung()
  assert.deepEqual(rung, ['15'])
})

test('D8: a jump moves wall time alone and rings nothing', () => {
  const clock = new VirtualClock(1_000)
  let rung = 0
  clock.alarm(10, () => {
    rung += 1
  })
  clock.jump(3_600_000)
  assert.deepEqual([clock.wall(), clock.mono(), rung], [3_601_000, 0, 0])
  clock.jump(-7_200_000)
  clock.advance(10)
  assert.deepEqual([clock.wall(), clock.mono(), rung], [-3_598_990, 10, 1])
})

test('wall time is whole milliseconds, and starts at 2026 unless told', () => {
  const clock = new VirtualClock()
  assert.equal(new Date(clock.wall()).toISOString(), '2026-01-01T00:00:00.000Z')
  clock.advance(0.5)
  assert.ok(Number.isInteger(clock.wall()))
})

test('D8: monotonic time is one for all threads: no reading contradicts the order of events', async () => {
  const clock = new SystemClock()
  const worker = new Worker(new URL('./clock-worker.ts', import.meta.url))
  try {
    for (let i = 0; i < 100; i += 1) {
      const before = clock.mono()
      worker.postMessage('now')
      const [there] = (await once(worker, 'message')) as [number]
      const after = clock.mono()
      assert.ok(before <= there && there <= after, `${before} <= ${there} <= ${after}`)
    }
  } finally {
    await worker.terminate()
  }
})

/** A system clock whose monotonic time and timeouts are moved by hand. */
class HandClock extends SystemClock {
  now = 0
  override mono(): number {
    return this.now
  }
}

test('S4: an alarm beyond the longest timeout is armed in legs and rings once, at its time', (t) => {
  const armed: { ms: number; fire: () => void }[] = []
  t.mock.method(globalThis, 'setTimeout', (fire: () => void, ms: number) =>
    armed.push({ ms, fire }),
  )
  const clock = new HandClock()
  const longest = 2 ** 31 - 1
  let rung = 0
  clock.alarm(2.5 * longest, () => {
    rung += 1
  })
  for (let fired = 0; armed.length > fired; fired += 1) {
    const leg = armed[fired]
    assert.ok(leg !== undefined && leg.ms <= longest && leg.ms >= 0)
    assert.equal(rung, 0)
    clock.now += leg.ms
    leg.fire()
  }
  assert.deepEqual([armed.length, rung], [3, 1])
  assert.ok(clock.now >= 2.5 * longest && clock.now < 2.5 * longest + 1)
})

test('S4: a timeout that fires early is armed again for the rest', (t) => {
  const armed: { ms: number; fire: () => void }[] = []
  t.mock.method(globalThis, 'setTimeout', (fire: () => void, ms: number) =>
    armed.push({ ms, fire }),
  )
  const clock = new HandClock()
  let rung = 0
  clock.alarm(100, () => {
    rung += 1
  })
  clock.now = 99.4
  armed[0]?.fire()
  assert.deepEqual([armed.map(({ ms }) => ms), rung], [[100, 1], 0])
  clock.now = 100.4
  armed[1]?.fire()
  assert.deepEqual([armed.length, rung], [2, 1])
})

test('a cancelled real alarm leaves no timeout, also in a later leg', (t) => {
  const pending = new Map<number, () => void>()
  let last = 0
  t.mock.method(globalThis, 'setTimeout', (fire: () => void) => {
    last += 1
    pending.set(last, fire)
    return last
  })
  t.mock.method(globalThis, 'clearTimeout', (timeout: number) => pending.delete(timeout))
  const cancel = new HandClock().alarm(Number.POSITIVE_INFINITY, () => assert.fail('rang'))
  const leg = pending.get(1)
  pending.delete(1)
  leg?.()
  assert.deepEqual([...pending.keys()], [2])
  cancel()
  assert.equal(pending.size, 0)
})
