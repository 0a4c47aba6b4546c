/** The main thread's hold on the store's thread, over real ports, with threads that a test ends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Thread, ThreadPool } from '../../runtime/main/pool.ts'
import { StoreThread } from '../../runtime/main/store-thread.ts'
import type { StoreControl, StoreStart } from '../../runtime/store/control.ts'
import { offer } from '../../runtime/wire/control.ts'

const file = {
  path: 'nowhere.db',
  acceptLoss: false,
  app: undefined,
  retention: undefined,
  checkpointEvery: undefined,
  checkpointAfter: undefined,
  renamed: new Map<string, string>(),
}

/** Threads whose task is done here: each store's is what the test gives for it, in order. */
class Threads {
  readonly #stores: ((kill: () => void) => Partial<StoreControl>)[]

  constructor(...stores: ((kill: () => void) => Partial<StoreControl>)[]) {
    this.#stores = stores
  }

  run(_file: URL, start: StoreStart & { readonly role: string }): Thread {
    if (start.role !== 'store') return { ended: Promise.resolve(), kill: () => undefined }
    let end: () => void = () => undefined
    let die: (error: Error) => void = () => undefined
    const ended = new Promise<void>((resolve, reject) => {
      end = resolve
      die = reject
    })
    ended.catch(() => undefined)
    const kill = (): void => die(new Error('killed'))
    const control: StoreControl = {
      open: () => undefined,
      connect: () => undefined,
      quarantine: () => undefined,
      start: () => undefined,
      close: () => {
        end()
        start.control.close()
      },
      ...this.#stores.shift()?.(kill),
    }
    offer(control, start.control)
    return { ended, kill }
  }
}

test('D5: a store whose thread dies while it is told to start is started all the same', async () => {
  const told: string[] = []
  let started: () => void = () => undefined
  const again = new Promise<void>((resolve) => {
    started = resolve
  })
  const threads = new Threads(
    (kill) => ({
      start: () => {
        kill()
        // Its answer never comes.
        return new Promise(() => undefined) as never
      },
    }),
    () => ({
      quarantine: (all) => void told.push(...all.map(({ actor }) => actor)),
      start: () => {
        told.push('start')
        started()
      },
    }),
  )
  const store = await StoreThread.open(file, threads as unknown as ThreadPool, new URL('file:///w'))
  let fell = 0
  store.watch({
    fell: () => {
      fell += 1
    },
    back: async () => void told.push('back'),
  })
  await store.quarantine([{ actor: 'a/b' }])
  await store.start()
  await again
  assert.equal(fell, 1)
  // What is quarantined is known before anybody asks, and before a timer fires (F3).
  assert.deepEqual(told, ['a/b', 'back', 'start'])
  await store.close()
})
