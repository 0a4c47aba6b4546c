/** The loops that send: when each message leaves, and from when its latency counts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, VirtualClock } from '../../mailbox/clock.ts'
import { type Arrival, type Job, MixChoice, steady } from '../../runtime/bench/arrivals.ts'
import { runClosedLoop } from '../../runtime/bench/closed-loop.ts'
import { type LoopSink, runOpenLoop } from '../../runtime/bench/open-loop.ts'
import { Tally } from '../../runtime/bench/tally.ts'

/** What the event loop has ready has run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

class Seen implements LoopSink {
  /** `[due, now]` of each message as it left. */
  readonly left: [number, number][] = []
  readonly latencies: number[] = []
  readonly errors: unknown[] = []

  sent(_job: Job, due: number, now: number): void {
    this.left.push([due, now])
  }

  settled(_job: Job, due: number, now: number, error: unknown): void {
    if (error === undefined) this.latencies.push(now - due)
    else this.errors.push(error)
  }
}

function job(send: () => Promise<unknown>): Job {
  return { name: 'work', lane: 'normal', send }
}

const tooMany = (): unknown => 'too many'

test('bench: an open loop sends each message when it is due, whatever became of those before', async () => {
  const clock = new VirtualClock()
  const sink = new Seen()
  const never = job(() => new Promise(() => undefined))
  const arrivals = steady([{ duration: 1_000, rate: 4 }], () => never)
  void runOpenLoop({ clock, arrivals, sink, mostOpen: 10, tooMany })
  clock.advance(1_000)
  assert.deepEqual(sink.left, [
    [0, 0],
    [250, 250],
    [500, 500],
    [750, 750],
  ])
})

test('bench: after a stall the latencies of an open loop count from when messages were due', async () => {
  // A loop that stood still for a second: its alarms ring when it is over, all at once.
  let now = 0
  let ring = (): void => undefined
  const clock: Clock = {
    wall: () => now,
    mono: () => now,
    alarm: (_at, call) => {
      ring = call
      return () => undefined
    },
  }
  const sink = new Seen()
  const quick = job(() => Promise.resolve())
  const arrivals = steady([{ duration: 1_000, rate: 5 }], () => quick)
  const ended = runOpenLoop({ clock, arrivals, sink, mostOpen: 10, tooMany })
  await turn()
  now = 1_000
  ring()
  await ended
  assert.deepEqual(sink.latencies, [0, 800, 600, 400, 200])
})

test('bench: messages beyond the most that may be open fail, and the loop goes on', async () => {
  const clock = new VirtualClock()
  const sink = new Seen()
  const answers: (() => void)[] = []
  const slow = job(() => new Promise<void>((resolve) => answers.push(resolve)))
  const arrivals = steady([{ duration: 1_000, rate: 4 }], () => slow)
  const ended = runOpenLoop({ clock, arrivals, sink, mostOpen: 3, tooMany })
  clock.advance(1_000)
  assert.deepEqual(sink.errors, ['too many'])
  for (const answer of answers) answer()
  await ended
  assert.deepEqual(sink.latencies, [1_000, 750, 500])
})

test('bench: a send that throws is a failure of its message, not of the loop', async () => {
  const clock = new VirtualClock()
  const sink = new Seen()
  const broken = job(() => {
    throw new RangeError('a bug')
  })
  const arrivals: Iterator<Arrival> = [{ at: 0, job: broken }][Symbol.iterator]()
  await runOpenLoop({ clock, arrivals, sink, mostOpen: 3, tooMany })
  assert.match(String(sink.errors), /a bug/)
})

test('bench: a closed loop has as many messages open as it has senders, and ends with its time', async () => {
  const clock = new VirtualClock()
  const sink = new Seen()
  let open = 0
  let most = 0
  const work = job(async () => {
    open += 1
    most = Math.max(most, open)
    await new Promise<void>((resolve) => clock.alarm(clock.mono() + 100, resolve))
    open -= 1
  })
  const ended = runClosedLoop({ clock, next: () => work, sink, concurrency: 3, duration: 250 })
  for (let i = 0; i < 3; i += 1) {
    clock.advance(100)
    await turn()
  }
  await ended
  assert.equal(most, 3)
  assert.deepEqual(sink.latencies, new Array(9).fill(100))
})

test('bench: a mix is chosen by weight, the same in every run with its seed', () => {
  const send = () => Promise.resolve()
  const mix = [
    { name: 'often', weight: 3, send },
    { name: 'seldom', send },
  ]
  const names = (seed: string): string[] => {
    const choice = new MixChoice({ mix, seed }, send)
    return Array.from({ length: 4_000 }, () => choice.next().name)
  }
  assert.deepEqual(names('a'), names('a'))
  assert.notDeepEqual(names('a'), names('b'))
  const often = names('a').filter((name) => name === 'often').length
  assert.ok(often > 2_850 && often < 3_150, `${often} of 4,000`)
})

test('bench: phases follow each other, each at its rate', () => {
  const phases = [
    { duration: 1_000, rate: 2 },
    { duration: 100, rate: 20 },
    { duration: 1_000, rate: 1 },
  ]
  const idle = job(() => Promise.resolve())
  const times = [...steady(phases, () => idle)].map(({ at }) => at)
  assert.deepEqual(times, [0, 500, 1_000, 1_050, 1_100])
})

test('bench: the warm-up is not measured, a failure is counted by its code', () => {
  const tally = new Tally(1_000, 10_000)
  const one = job(() => Promise.resolve())
  for (const due of [0, 999, 1_000, 10_999]) {
    tally.sent(one, due, due)
    tally.settled(one, due, due + 5, undefined)
  }
  tally.sent(one, 5_000, 5_000)
  tally.settled(one, 5_000, 5_001, new RangeError('a bug'))
  assert.deepEqual([tally.count, tally.done, tally.failed], [5, 4, 1])
  assert.deepEqual([...tally.failures], [['RangeError', 1]])
  assert.equal(tally.all.all.count, 2)
  // The last one was due in the measured time, and done after it.
  assert.deepEqual(tally.throughputs, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
})
