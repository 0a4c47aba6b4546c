/** S2, S4, D6: how a system ends, what an idle one costs, and what survives a killed process. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { fromSources } from '../house/from-sources.ts'
import bank, { Account, Counter } from './bank.app.ts'
import { eventOf, fileOf, keyOn, systemOf } from './support.ts'
import trouble, { Book, Trouble } from './trouble.app.ts'

interface Child {
  readonly process: ChildProcess
  /** The next line it prints. */
  line(): Promise<string>
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
}

/** Runs `close-child.ts` with a script of its own. */
function childOf(t: TestContext, script: string, file: string): Child {
  const path = join(import.meta.dirname, 'close-child.ts')
  const child = spawn(process.execPath, [...fromSources, path, script, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    process: child,
    line: async () => String((await lines.next()).value),
    ended: new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }))
    }),
  }
}

test('S2: close drains what was sent, and says so', async (t) => {
  const system = await systemOf(t, bank, { store: fileOf(t) })
  const accounts = Array.from({ length: 50 }, (_, i) => system.ref(Account, `a${i}`))
  await Promise.all(accounts.map((account) => account.deliver.deposit({ amount: 1 })))
  for (let i = 0; i < 500; i += 1) system.ref(Counter, `c${i % 7}`).tell.add(1)
  const report = await system.close()
  assert.deepEqual(
    { drained: report.drained, leftover: report.leftover, stored: report.stored },
    { drained: true, leftover: 0, stored: 0 },
  )
  assert.equal(report.accounting.processed, 550)
})

test('S2: close comes within its time although a handler never returns, and reports what is left', async (t) => {
  const store = fileOf(t)
  const system = await systemOf(t, trouble, { store, closeWithin: 700 })
  const book = system.ref(Book, keyOn(0, 'book'))
  await book.ask.add('one')
  const stuck = system.ref(Trouble, keyOn(0, 'trouble'))
  stuck.tell.spin()
  stuck.tell.stop()
  await book.deliver.add('two')
  const asked = stuck.ask.ping().catch((error: { code: string }) => error.code)
  const report = await system.close()
  assert.equal(report.drained, false)
  assert.equal(report.stored, 1)
  // The spinning message, the one behind it, and the ask.
  assert.equal(report.leftover, 3)
  assert.equal(await asked, 'SYSTEM_CLOSED')
  // What the store holds is done by the next system.
  const next = await systemOf(t, trouble, { store })
  await next.quiet()
  assert.deepEqual(await next.ref(Book, book.key).ask.lines(), ['one', 'two'])
})

test('S2: closing twice is closing once, and what comes after is refused', async (t) => {
  const system = await systemOf(t, bank, { store: 'memory' })
  const counter = system.ref(Counter, 'c')
  await counter.ask.add(1)
  const closing = system.close()
  assert.equal(system.close(), closing)
  await closing
  await assert.rejects(counter.ask.add(1), { code: 'SYSTEM_CLOSED' })
  await assert.rejects(counter.deliver.add(1), { code: 'SYSTEM_CLOSED' })
  const outcome = counter.tell.add(1)
  assert.equal(outcome.status, 'refused')
  assert.throws(() => system.publish('a.b', 1), { code: 'SYSTEM_CLOSED' })
  assert.equal((await system.health()).status, 'closing')
})

test('S2: close while a host is being replaced ends all the same', async (t) => {
  const system = await systemOf(t, trouble, { store: 'memory' })
  const lost = eventOf(system, 'host-lost')
  system.killHost(0)
  await lost
  const report = await system.close()
  assert.equal(report.leftover, 0)
})

test('S2: after close the process ends by itself', async (t) => {
  const child = childOf(t, 'close', fileOf(t))
  assert.equal(await child.line(), 'closed')
  assert.deepEqual(await child.ended, { code: 0, signal: null })
})

test('D6: what deliver acknowledged survives SIGKILL, and is processed exactly once', async (t) => {
  const store = fileOf(t)
  const child = childOf(t, 'deliver', store)
  assert.equal(await child.line(), 'acknowledged')
  child.process.kill('SIGKILL')
  await child.ended
  const system = await systemOf(t, trouble, { store })
  await system.quiet()
  const lines = await system.ref(Book, keyOn(0, 'book')).ask.lines()
  assert.deepEqual(
    lines,
    Array.from({ length: 100 }, (_, i) => `line ${i}`),
  )
  await system.quiet()
  const { imbalance, total } = system.stats()
  assert.equal(imbalance, 0)
  assert.equal(total.pending, 0)
})

/** How often each thread of a process went to sleep by itself. */
function switchesOf(pid: number): Map<string, number> {
  return new Map(
    readdirSync(`/proc/${pid}/task`).map((thread) => {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')
      return [thread, Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1])]
    }),
  )
}

test('S4: while nothing is due, no thread of an idle system wakes', async (t) => {
  const child = childOf(t, 'idle', fileOf(t))
  assert.equal(await child.line(), 'idle')
  // Every wake of a thread is a voluntary switch when it sleeps again. That nothing happens can only
  // be seen by waiting: here the clock is the thing under test.
  // What the start left to do, like collecting garbage, may take a few looks to be over.
  let woken: unknown[] = []
  for (let look = 0; look < 20; look += 1) {
    const before = switchesOf(child.process.pid as number)
    await new Promise((resolve) => setTimeout(resolve, 500))
    const after = switchesOf(child.process.pid as number)
    assert.ok(after.size >= 4, 'main, store, archivist and a host at least')
    woken = [...after].filter(([thread, count]) => count !== before.get(thread))
    if (woken.length === 0) break
  }
  assert.deepEqual(woken, [], 'threads that woke in half a second')
  child.process.kill('SIGTERM')
})
