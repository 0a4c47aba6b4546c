/** How long a thread stays awake after work, and when it does not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../mailbox/clock.ts'
import { Polling } from '../../runtime/peer/polling.ts'

const budget = 1

/** A thread whose event loop turns when the test says so. */
class Thread {
  readonly clock = new VirtualClock()
  #turn: (() => void) | undefined
  expecting = true
  sleeps = 0
  readonly polling: Polling

  constructor(ms = budget) {
    this.polling = new Polling(ms, {
      clock: this.clock,
      turn: (run) => {
        assert.equal(this.#turn, undefined, 'one turn at a time')
        this.#turn = run
      },
      expects: () => this.expecting,
      asleep: () => {
        this.sleeps += 1
      },
    })
  }

  get isAwake(): boolean {
    return this.#turn !== undefined
  }

  /** Its event loop turns once, if it turns. */
  turn(): void {
    const turn = this.#turn
    this.#turn = undefined
    turn?.()
  }

  /** Work comes after so many ms, and is done at once. */
  workAfter(ms: number): void {
    for (let left = ms; left > 0; left -= 0.25) {
      this.clock.advance(Math.min(left, 0.25))
      this.turn()
    }
    this.polling.work()
    this.polling.rest()
  }
}

test('S4: a thread that waits for nothing short is not kept awake', () => {
  const thread = new Thread()
  for (let i = 0; i < 10; i += 1) {
    thread.workAfter(budget * 5)
    assert.equal(thread.isAwake, false)
  }
  assert.equal(thread.sleeps, 10)
})

test('after a short wait a thread stays awake until its budget is spent, and then sleeps (S4)', () => {
  const thread = new Thread()
  thread.workAfter(budget * 5)
  thread.workAfter(budget / 2)
  thread.workAfter(budget / 2)
  assert.equal(thread.isAwake, true)
  assert.equal(thread.sleeps, 1, 'the last times it was not told to sleep')
  for (let spent = 0; spent <= budget; spent += budget / 4) {
    thread.turn()
    assert.equal(thread.isAwake, true, `after ${spent} ms`)
    thread.clock.advance(budget / 4)
  }
  thread.turn()
  assert.equal(thread.isAwake, false)
  assert.equal(thread.sleeps, 2)
  thread.turn()
  assert.equal(thread.sleeps, 2)
})

test('S1: a thread that expects nothing sleeps at once', () => {
  const thread = new Thread()
  thread.expecting = false
  thread.workAfter(budget / 2)
  thread.workAfter(budget / 2)
  assert.equal(thread.isAwake, false)
  assert.equal(thread.sleeps, 2)
})

test('S4: without a budget a thread sleeps at once', () => {
  const thread = new Thread(0)
  for (let i = 0; i < 3; i += 1) thread.workAfter(0)
  assert.equal(thread.isAwake, false)
  assert.equal(thread.sleeps, 3)
})

/** Short waits until it stays awake again. */
function waitsUntilAwake(thread: Thread): number {
  for (let waits = 0; waits < 10_000; waits += 1) {
    if (thread.isAwake) return waits
    thread.workAfter(budget / 2)
  }
  throw new Error('it sleeps for ever')
}

test('a thread that was awake in vain tries less and less often', () => {
  const thread = new Thread()
  const waits: number[] = []
  for (let tries = 0; tries < 6; tries += 1) {
    waits.push(waitsUntilAwake(thread))
    thread.workAfter(budget * 2)
  }
  assert.deepEqual(waits, [2, 8, 64, 512, 1_024, 1_024])
})

test('a thread that was not awake in vain trusts its luck more', () => {
  const thread = new Thread()
  for (let tries = 0; tries < 3; tries += 1) {
    waitsUntilAwake(thread)
    thread.workAfter(budget * 2)
  }
  waitsUntilAwake(thread)
  for (let i = 0; i < 20; i += 1) {
    thread.workAfter(budget / 2)
    assert.equal(thread.isAwake, true)
  }
  thread.workAfter(budget * 2)
  assert.equal(waitsUntilAwake(thread), 8)
})
