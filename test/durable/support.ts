/** What many tests of durable actors need: a settled promise's fate, and a gate to hold handlers at. */
import assert from 'node:assert/strict'
import { TroupeError } from '../../mailbox/errors.ts'
import type { World } from './world.ts'

/** Runs the world until it rests, then hands out what the promise came to. */
export async function settled<T>(world: World, promise: Promise<T>): Promise<T> {
  let fate: { ok: true; value: T } | { ok: false; error: unknown } | undefined
  promise.then(
    (value) => {
      fate = { ok: true, value }
    },
    (error) => {
      fate = { ok: false, error }
    },
  )
  await world.settle()
  if (fate === undefined) assert.fail('the promise is still open')
  if (!fate.ok) throw fate.error
  return fate.value
}

/** Tells whether a promise is settled, without waiting for it. */
export function watched<T>(promise: Promise<T>): { readonly done: boolean; promise: Promise<T> } {
  const state = { done: false, promise }
  const over = (): void => {
    state.done = true
  }
  promise.then(over, over)
  return state
}

/** A place where handlers wait until the test lets them go on. */
export class Gate {
  #open!: () => void
  readonly opened: Promise<void>
  /** How many came here. */
  arrived = 0

  constructor() {
    this.opened = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  pass(): Promise<void> {
    this.arrived += 1
    return this.opened
  }

  open(): void {
    this.#open()
  }
}

export function code(expected: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof TroupeError, `expected ${expected}, got ${String(error)}`)
    assert.equal(error.code, expected, error.message)
    return true
  }
}
