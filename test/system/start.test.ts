/** How a system starts, and that a start that fails leaves nothing behind. */
import assert from 'node:assert/strict'
import { chmodSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Worker } from 'node:worker_threads'
import Database from 'better-sqlite3'
import type { App } from '../../actors/app.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { createSystem } from '../../runtime/main/create-system.ts'
import type { SystemOptions } from '../../runtime/main/options.ts'
import bank, { Account, Counter } from './bank.app.ts'
import { fileOf, folderOf, systemOf } from './support.ts'

/** Starts and expects to fail. */
async function refused(app: unknown, options: unknown, code: string): Promise<TroupeError> {
  try {
    const system = await createSystem(app as App, options as SystemOptions)
    await system.close()
  } catch (error) {
    assert.ok(error instanceof TroupeError, String(error))
    assert.equal(error.code, code, error.stack)
    return error
  }
  throw new Error(`started, where ${code} was expected`)
}

/** The worker threads that begin from now on and have not ended; `begun` counts them all. */
function threadsOf(t: TestContext): { readonly alive: ReadonlySet<Worker>; begun: number } {
  const seen = { alive: new Set<Worker>(), begun: 0 }
  const began = (worker: Worker): void => {
    seen.begun += 1
    seen.alive.add(worker)
    worker.once('exit', () => seen.alive.delete(worker))
  }
  process.on('worker', began)
  t.after(() => process.off('worker', began))
  return seen
}

/** Files of a folder that this process holds open. */
function openIn(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(folder) ? [path] : []
    } catch {
      return []
    }
  })
}

/** An app module that is this one, but does something at its top level in threads. */
function appThat(t: TestContext, does: string): App {
  const file = join(folderOf(t), 'app.mjs')
  const url = pathToFileURL(join(import.meta.dirname, 'bank.app.ts')).href
  writeFileSync(file, `import app from '${url}'\n${does}\nexport default app\n`)
  return { ...bank, url: pathToFileURL(file).href } as App
}

test('an unknown option names the nearest known one', async () => {
  const error = await refused(bank, { worker: 2 }, 'OPTION_INVALID')
  assert.match(error.message, /unknown option "worker"; did you mean "workers"\?/)
})

test('an option of the wrong type says what was expected', async () => {
  for (const [option, value, expected] of [
    ['workers', -1, 'an integer from 0 to 256'],
    ['workers', 1.5, 'an integer from 0 to 256'],
    ['store', '', 'a non-empty text'],
    ['closeWithin', '5s', 'a number of milliseconds'],
    ['development', 'yes', 'true or false'],
    ['log', 'console', 'a function'],
    ['host', 'not a url', 'a URL'],
  ] as const) {
    const error = await refused(
      bank,
      { [option]: value, workers: 0, ...{ [option]: value } },
      'OPTION_INVALID',
    )
    assert.match(error.message, new RegExp(`option "${option}" must be ${expected}`))
  }
  await refused(bank, null, 'OPTION_INVALID')
})

test('durable actors without a store are refused before any thread starts', async () => {
  const error = await refused(bank, { workers: 2 }, 'OPTION_INVALID')
  assert.match(error.message, /actor "account" is durable and needs a store/)
})

test('what is no app is refused', async () => {
  for (const app of [undefined, {}, { actors: [] }]) await refused(app, {}, 'APP_INVALID')
})

test('an app that cannot be loaded in a host fails the start with its own error', async (t) => {
  const app = appThat(t, `throw new Error('no such database')`)
  const error = await refused(app, { store: 'memory', workers: 1 }, 'APP_INVALID')
  assert.match(error.message, /app\.mjs/)
  assert.match(String((error.cause as Error).message), /no such database/)
})

test('a host module that exports something else says what is expected', async (t) => {
  const file = join(folderOf(t), 'app.mjs')
  writeFileSync(file, 'export default 3\n')
  const app = { ...bank, url: pathToFileURL(file).href } as App
  const error = await refused(app, { store: 'memory', workers: 1 }, 'APP_INVALID')
  assert.match(error.message, /must export its app as default/)
})

test('an app that awaits for ever at its top level fails the start after startWithin', async (t) => {
  const app = appThat(t, `await new Promise((resolve) => setTimeout(resolve, 1e9))`)
  const options = { store: 'memory', workers: 1, startWithin: 1_500 }
  const error = await refused(app, options, 'APP_INVALID')
  assert.match(error.message, /did not come up within 1500 ms/)
})

test('createSystem inside a host is refused, and says where it belongs', async (t) => {
  const create = pathToFileURL(
    join(import.meta.dirname, '../../runtime/main/create-system.ts'),
  ).href
  const app = appThat(
    t,
    `const { createSystem } = await import('${create}')\nawait createSystem(app)`,
  )
  const error = await refused(app, { store: 'memory', workers: 1 }, 'APP_INVALID')
  assert.equal((error.cause as TroupeError).code, 'SYSTEM_IN_HOST')
})

test('S2: a failed start leaves no thread and no open file', async (t) => {
  const file = fileOf(t)
  const app = appThat(t, `throw new Error('broken')`)
  // A thread is announced a moment after it began: the loader's own must not count here.
  await new Promise(setImmediate)
  const threads = threadsOf(t)
  await refused(app, { store: file, workers: 2 }, 'APP_INVALID')
  // The store's, its archivist's, and at least the host that failed.
  assert.ok(threads.begun >= 3, `${threads.begun} threads were begun`)
  assert.equal(threads.alive.size, 0)
  assert.deepEqual(openIn(file), [])
})

for (const workers of [0, 1, 2]) {
  for (const kind of ['memory', 'a file'] as const) {
    test(`a system with ${workers} workers and its store in ${kind} handles and remembers`, async (t) => {
      const store = kind === 'memory' ? kind : fileOf(t)
      const system = await systemOf(t, bank, { workers, store })
      const alice = system.ref(Account, 'alice')
      assert.equal(await alice.ask.deposit({ amount: 50 }), 50)
      assert.equal(await alice.ask.transfer({ to: 'bob', amount: 20 }), 30)
      await system.quiet()
      assert.equal(await system.ref(Account, 'bob').ask.balance(), 20)
      assert.equal(await system.ref(Counter, 'c').ask.asks({ key: 'd', by: 2 }), 2)
      await system.quiet()
      assert.equal(system.stats().imbalance, 0)
      const report = await system.close()
      assert.equal(report.drained, true)
      assert.equal(report.leftover, 0)
    })
  }
}

test('D10: a second system on the same file is refused at once', async (t) => {
  const store = fileOf(t)
  const system = await systemOf(t, bank, { store })
  await refused(bank, { store, workers: 1 }, 'STORE_LOCKED')
  await refused(bank, { store, workers: 0 }, 'STORE_LOCKED')
  assert.equal(await system.ref(Account, 'a').ask.deposit({ amount: 1 }), 1)
})

test('D9: a store of a newer format is refused and left as it is', async (t) => {
  const store = fileOf(t)
  const system = await systemOf(t, bank, { store })
  await system.close()
  const database = new Database(store)
  const version = database.pragma('user_version', { simple: true }) as number
  database.pragma(`user_version = ${version + 1}`)
  database.close()
  await refused(bank, { store, workers: 1 }, 'STORE_NEWER')
})

test('a store in a folder that cannot be written is refused', async (t) => {
  const folder = folderOf(t)
  if (process.getuid?.() !== 0) {
    chmodSync(folder, 0o500)
    await refused(bank, { store: join(folder, 'x.db'), workers: 1 }, 'STORE_READONLY')
    chmodSync(folder, 0o700)
  }
  await refused(bank, { store: join(folder, 'none', 'x.db'), workers: 1 }, 'STORE_READONLY')
})

test('S3: two systems in one process do not meet', async (t) => {
  const one = await systemOf(t, bank, { store: 'memory' })
  const two = await systemOf(t, bank, { store: 'memory' })
  const heard: unknown[] = []
  two.subscribe('**', (published) => heard.push(published))
  await one.ref(Account, 'a').ask.deposit({ amount: 5 })
  one.publish('news.today', 1)
  await one.quiet()
  assert.equal(await two.ref(Account, 'a').ask.balance(), 0)
  await one.close()
  assert.equal(await two.ref(Account, 'a').ask.deposit({ amount: 1 }), 1)
  await two.quiet()
  assert.deepEqual(heard, [])
})
