/** S4, D8: many deadlines on one clock alarm. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Alarms, type Due } from '../../mailbox/alarms.ts'
import { VirtualClock } from '../../mailbox/clock.ts'

/** Something due at a time, that notes when it came. */
function due(at: number, rung: number[], clock: VirtualClock): Due {
  return { at, slot: -1, due: () => rung.push(clock.mono()) }
}

test('D8: whatever is added and removed, what is left comes due once, in order, on time', () => {
  const pass = fc.constantFrom(0, 0, 0, 0, 7)
  const op = fc.record({ at: fc.nat(90), remove: fc.option(fc.nat(30)), pass })
  fc.assert(
    fc.property(fc.array(op, { maxLength: 80, size: 'max' }), (ops) => {
      const clock = new VirtualClock()
      const alarms = new Alarms(clock)
      const rung: number[] = []
      const expected: number[] = []
      let waiting: Due[] = []
      const pass = (ms: number): void => {
        clock.advance(ms)
        const now = clock.mono()
        expected.push(...waiting.filter((item) => item.at <= now).map((item) => item.at))
        waiting = waiting.filter((item) => item.at > now)
      }
      for (const { at, remove, pass: ms } of ops) {
        const item = due(clock.mono() + at + 1, rung, clock)
        alarms.add(item)
        waiting = [...waiting, item].sort((a, b) => a.at - b.at)
        const gone = remove === null ? undefined : waiting[remove]
        if (gone !== undefined) {
          alarms.remove(gone)
          alarms.remove(gone)
          waiting = waiting.filter((each) => each !== gone)
        }
        pass(ms)
        assert.equal(alarms.size, waiting.length)
      }
      pass(100)
      assert.deepEqual(rung, expected)
    }),
  )
})

test('S4: one clock alarm at most is armed, and none when rested with nothing left', () => {
  const clock = new VirtualClock()
  const alarms = new Alarms(clock)
  const items = [30, 10, 20].map((at) => due(at, [], clock))
  for (const item of items) alarms.add(item)
  assert.deepEqual([clock.pending, clock.next], [1, 10])
  alarms.remove(items[1] as Due)
  alarms.rest()
  assert.deepEqual([clock.pending, clock.next], [1, 20])
  for (const item of items) alarms.remove(item)
  alarms.rest()
  assert.equal(clock.pending, 0)
})

test('S4: adding later deadlines does not touch the clock', () => {
  const clock = new VirtualClock()
  let armed = 0
  const counting = new Alarms({
    wall: () => clock.wall(),
    mono: () => clock.mono(),
    alarm: (at, ring) => {
      armed += 1
      return clock.alarm(at, ring)
    },
  })
  for (let at = 1; at <= 1_000; at += 1) counting.add(due(at, [], clock))
  assert.equal(armed, 1)
})

test('what comes due may add and remove others', () => {
  const clock = new VirtualClock()
  const alarms = new Alarms(clock)
  const rung: number[] = []
  const victim = due(10, rung, clock)
  const first: Due = {
    at: 10,
    slot: -1,
    due: () => {
      alarms.remove(victim)
      alarms.add(due(15, rung, clock))
      alarms.add(due(10, rung, clock))
    },
  }
  alarms.add(first)
  alarms.add(victim)
  clock.advance(20)
  assert.deepEqual(rung, [10, 15])
  assert.equal(clock.pending, 0)
})
