/** The order in which a dead host is replaced, whichever step of it fails. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostThread } from '../../runtime/main/host-thread.ts'
import { type ReplacementSide, replace } from '../../runtime/main/replacement.ts'
import { maxDeaths } from '../../runtime/main/slot-deaths.ts'

type Step = 'fence' | 'unlink' | 'settle' | 'start' | 'settleIn' | 'retire'

interface Run {
  /** What was done, failed tries with a question mark. */
  readonly done: string[]
  readonly pauses: number[]
  readonly killed: boolean
}

/** Replaces slot 1 while some steps fail their first so many times. */
async function replaced(
  failures: Partial<Record<Step, number>>,
  { deaths = 0, stopAfter }: { deaths?: number; stopAfter?: Step } = {},
): Promise<Run> {
  const left = { ...failures }
  const done: string[] = []
  const pauses: number[] = []
  let count = deaths
  let epoch = 1
  let killed = false
  let isStopping = false
  const host = {
    thread: {
      kill: () => {
        killed = true
      },
    },
  } as unknown as HostThread
  const step = async <T>(name: Step, value: T, said: string = name): Promise<T> => {
    if (name === stopAfter) isStopping = true
    const fails = left[name] ?? 0
    left[name] = fails - 1
    done.push(fails > 0 ? `${said}?` : said)
    if (fails > 0) throw new Error(`${name} fails`)
    return value
  }
  const side: ReplacementSide = {
    get isStopping() {
      return isStopping
    },
    passed: () => undefined,
    hearOut: () => undefined,
    fence: () => step('fence', { epoch: ++epoch, position: 0 }),
    unlink: () => step('unlink', { flow: () => ({ volatile: 0, stored: 0 }), inStore: () => 0 }),
    settle: () => step('settle', undefined),
    died: () => ++count,
    start: (_, given) => step('start', host, `start ${given.epoch}`),
    settleIn: () => step('settleIn', undefined),
    retire: () => step('retire', undefined),
    failed: () => undefined,
    pause: async (after) => void pauses.push(after),
  }
  await replace({ at: 'lost', slot: 1, dead: host, error: new Error('dead') }, side)
  return { done, pauses, killed }
}

test('F4: a slot runs again when the dead generation is fenced, unlinked and settled, in this order', async () => {
  const { done, pauses } = await replaced({})
  assert.deepEqual(done, ['fence', 'unlink', 'settle', 'start 2', 'settleIn'])
  assert.deepEqual(pauses, [])
})

test('F4, M4: a step that fails is done again from where it stands, and none is left out', async () => {
  const unlink = await replaced({ unlink: 1 })
  assert.deepEqual(unlink.done, ['fence', 'unlink?', 'unlink', 'settle', 'start 2', 'settleIn'])
  const settle = await replaced({ settle: 2 })
  assert.deepEqual(settle.done, [
    'fence',
    'unlink',
    'settle?',
    'settle?',
    'settle',
    'start 2',
    'settleIn',
  ])
  assert.deepEqual(settle.pauses, [1, 2])
})

test('F4: a thread that does not come up is tried again under an epoch of its own', async () => {
  const { done } = await replaced({ start: 2 })
  assert.deepEqual(done.slice(3), ['start 2?', 'fence', 'start 3?', 'fence', 'start 4', 'settleIn'])
})

test('F4: a slot that died too often is given up, its accounts settled', async () => {
  const settled = await replaced({}, { deaths: maxDeaths - 1 })
  assert.deepEqual(settled.done, ['fence', 'unlink', 'settle', 'retire'])
  const unborn = await replaced({ start: 1 }, { deaths: maxDeaths - 2 })
  assert.deepEqual(unborn.done.slice(3), ['start 2?', 'retire'])
})

test('F4: a thread that cannot settle in is ended, and its death is the next one', async () => {
  const { done, killed } = await replaced({ settleIn: 1 })
  assert.deepEqual([done.at(-1), killed], ['settleIn?', true])
})

test('S2: nobody is replaced in a system that stops', async () => {
  const quiet = await replaced({}, { stopAfter: 'settle' })
  assert.deepEqual(quiet.done, ['fence', 'unlink', 'settle'])
  const failing = await replaced({ settle: 5 }, { stopAfter: 'settle' })
  assert.deepEqual(failing.done, ['fence', 'unlink', 'settle?'])
})
