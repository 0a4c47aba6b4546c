/** M2 on the queue itself: shares, the starvation bound, strictness, limits. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  Lane,
  type LaneNumber,
  laneNames,
  laneOfPriority,
  laneWeights,
  roundLength,
  starvationBound,
  type UserLane,
} from '../../mailbox/lane.ts'
import { WeightedLanes } from '../../mailbox/weighted-lanes.ts'
import { userLaneNumbers, userLanes } from './support.ts'

const weightOf = (lane: LaneNumber): number => laneWeights[lane] as number
const lane = fc.constantFrom(...userLaneNumbers)
/** A lane to offer to, or a take. */
const past = fc.array(fc.option(lane, { nil: undefined }), { maxLength: 60 })

/** A queue of lane numbers with some past behind it. */
function lanesAfter<T extends LaneNumber | object = LaneNumber>(
  steps: readonly (LaneNumber | undefined)[],
): WeightedLanes<T | LaneNumber> {
  const lanes = new WeightedLanes<T | LaneNumber>()
  for (const step of steps) {
    if (step === undefined) lanes.take()
    else lanes.offer(step, step)
  }
  return lanes
}

/** Takes `count` times while every lane of `busy` always has work. */
function takeWhileBusy(
  lanes: WeightedLanes<LaneNumber>,
  busy: readonly LaneNumber[],
  count: number,
): LaneNumber[] {
  const taken: LaneNumber[] = []
  while (taken.length < count) {
    for (const each of busy) if (lanes.depth(each) === 0) lanes.offer(each, each)
    taken.push(lanes.take() as LaneNumber)
  }
  return taken
}

test('M2: any 15 takes serve control 8, high 4, normal 2, low 1', () => {
  const taken = takeWhileBusy(new WeightedLanes(), userLaneNumbers, 10 * roundLength)
  for (let start = 0; start + roundLength <= taken.length; start += 1) {
    const window = taken.slice(start, start + roundLength)
    const shares = userLaneNumbers.map((each) => window.filter((one) => one === each).length)
    assert.deepEqual(shares, [8, 4, 2, 1])
  }
})

test('M2: whatever went before, waiting lanes share by weight after at most one round', () => {
  fc.assert(
    fc.property(past, fc.subarray([...userLaneNumbers], { minLength: 1 }), (steps, busy) => {
      const lanes = lanesAfter(steps)
      while (lanes.best() !== undefined) lanes.take()
      takeWhileBusy(lanes, busy, roundLength)
      const round = busy.reduce<number>((sum, each) => sum + weightOf(each), 0)
      const taken = takeWhileBusy(lanes, busy, 3 * round)
      for (let start = 0; start + round <= taken.length; start += 1) {
        const window = taken.slice(start, start + round)
        for (const each of busy) {
          assert.equal(window.filter((one) => one === each).length, weightOf(each))
        }
      }
    }),
  )
})

test('M2: an idle lane costs nothing: a take serves someone as long as anyone waits', () => {
  fc.assert(
    fc.property(past, (steps) => {
      const lanes = lanesAfter(steps)
      for (let left = lanes.size; left > 0; left -= 1) {
        const best = lanes.best()
        assert.ok(best !== undefined && lanes.depth(best) > 0)
        assert.notEqual(lanes.take(), undefined)
        assert.equal(lanes.size, left - 1)
      }
      assert.equal(lanes.take(), undefined)
    }),
  )
})

test('M2: an idle lane saves nothing up', () => {
  const lanes = new WeightedLanes<LaneNumber>()
  takeWhileBusy(lanes, [Lane.low], 1_000)
  const taken = takeWhileBusy(lanes, userLaneNumbers, 14 + roundLength)
  const shares = userLaneNumbers.map((each) => taken.filter((one) => one === each).length)
  assert.deepEqual(shares, [16, 8, 4, 1])
})

/** Takes until `goal` comes up; before each take the next group of lanes gets one message each. */
function takesBefore(
  goal: object,
  lanes: WeightedLanes<object | LaneNumber>,
  arrivals: readonly (readonly LaneNumber[])[],
  giveUp: number,
): number {
  for (let taken = 0; taken <= giveUp; taken += 1) {
    for (const each of arrivals[taken % arrivals.length] ?? []) lanes.offer(each, {})
    if (lanes.take() === goal) return taken
  }
  return Number.POSITIVE_INFINITY
}

test('M2: no message waits longer than its starvation bound, whatever arrives', () => {
  const groups = fc.array(fc.subarray([...userLaneNumbers]), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(past, fc.constantFrom(...userLanes), groups, (steps, name, arrivals) => {
      const lanes = lanesAfter<object>(steps)
      const bound = starvationBound(name, lanes.depth(Lane[name]))
      const goal = {}
      lanes.offer(Lane[name], goal)
      assert.ok(takesBefore(goal, lanes, arrivals, bound) <= bound)
    }),
    { numRuns: 2_000 },
  )
})

test('M2: the starvation bound is reached, so it promises no less than it could', () => {
  for (const name of userLanes) {
    const own = Lane[name]
    const others = userLaneNumbers.filter((each) => each !== own)
    for (let ahead = 0; ahead <= 40; ahead += 1) {
      const lanes = new WeightedLanes<object | LaneNumber>()
      // Two rounds: its last takes are charged, as one of a lane that is alone would not be.
      for (let i = 0; i < 2 * weightOf(own); i += 1) lanes.offer(own, {})
      for (let i = 0; i < 2 * weightOf(own); i += 1) lanes.take()
      for (let i = 0; i < ahead; i += 1) lanes.offer(own, {})
      const goal = {}
      lanes.offer(own, goal)
      const bound = starvationBound(name, ahead)
      assert.equal(takesBefore(goal, lanes, [others], bound), bound, `${name}, ${ahead} ahead`)
    }
  }
})

test('M2: the documented bounds for a message with nothing ahead of it', () => {
  const bounds = userLanes.map((name): [UserLane, number] => [name, starvationBound(name, 0)])
  assert.deepEqual(bounds, [
    ['control', 7],
    ['high', 19],
    ['normal', 25],
    ['low', 28],
  ])
})

test('F2, M2: takes limited to control lanes take nothing from the share of the others', () => {
  const step = fc.record({
    arrivals: fc.array(lane, { maxLength: 4 }),
    limited: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (program) => {
      const lanes = new WeightedLanes<object>()
      const goal = {}
      lanes.offer(Lane.low, goal)
      let taken = 0
      for (let i = 0; taken <= 40; i += 1) {
        const now = program[i % program.length] ?? { arrivals: [], limited: false }
        for (const each of now.arrivals) lanes.offer(each, {})
        if (now.limited) assert.notEqual(lanes.take(Lane.control), goal)
        if (lanes.take() === goal) break
        taken += 1
      }
      assert.ok(taken <= starvationBound('low', 0))
    }),
  )
})

test('F2: a limit holds every lane below it', () => {
  fc.assert(
    fc.property(past, lane, (steps, limit) => {
      const lanes = lanesAfter(steps)
      const within = userLaneNumbers.filter((each) => each <= limit)
      const open = within.reduce<number>((sum, each) => sum + lanes.depth(each), 0)
      for (let i = 0; i < open; i += 1) assert.ok((lanes.take(limit) as number) <= limit)
      assert.equal(lanes.take(limit), undefined)
    }),
  )
})

test('M2: strict mode serves the most urgent lane and nothing else while it has work', () => {
  fc.assert(
    fc.property(fc.array(lane), (offered) => {
      const lanes = new WeightedLanes<LaneNumber>(true)
      for (const each of offered) lanes.offer(each, each)
      const taken = offered.map(() => lanes.take())
      assert.deepEqual(
        taken,
        [...offered].sort((a, b) => a - b),
      )
    }),
  )
})

test('M2: an integer priority falls into one of four lanes, higher never into a less urgent one', () => {
  const named = [-5, -1, 0, 1, 9, 10, 99].map(laneOfPriority)
  assert.deepEqual(named, ['low', 'low', 'normal', 'high', 'high', 'control', 'control'])
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (a, b) => {
      const [less, more] = a < b ? [a, b] : [b, a]
      assert.ok(Lane[laneOfPriority(more)] <= Lane[laneOfPriority(less)])
    }),
  )
})

test('lane names and numbers are one table', () => {
  assert.deepEqual(
    laneNames.map((name) => Lane[name]),
    [0, 1, 2, 3, 4],
  )
  assert.equal(
    laneWeights.reduce((sum, weight) => sum + weight, 0),
    roundLength,
  )
})
