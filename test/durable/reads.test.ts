/** T1: a durable actor's read handlers run beside its turns, on the state of the last ended one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import type { Encodable } from '../../persistence/encodable-types.ts'
import { code, Gate, settled, watched } from './support.ts'
import { type Fault, memoryEngine, World } from './world.ts'

const Job = contract('job', {
  work: message<{ steps: number }, number>(),
  add: message<number, number>(),
  progress: message<void, { done: number }>(),
  slow: message<void, number[]>(),
  list: message<void, number[]>(),
  bad: message<void, void>(),
})

function jobs(gate: Gate, slow = new Gate()) {
  return actor(Job, {
    durable: true,
    state: () => ({ done: 0, list: [] as number[] }),
    on: {
      async work(ctx, { steps }) {
        ctx.state.done += steps
        await gate.pass()
        return ctx.state.done
      },
      add(ctx, n) {
        ctx.state.list.push(n)
        ctx.state.done += n
        return ctx.state.done
      },
    },
    reads: {
      progress: (ctx) => ({ done: ctx.state.done }),
      list: (ctx) => ctx.state.list,
      async slow(ctx) {
        await slow.pass()
        return ctx.state.list
      },
      bad() {
        throw new Error('unreadable')
      },
    },
  })
}

test('T1: a busy agent can be asked how far it is, and answers as of the last ended turn', async () => {
  const gate = new Gate()
  const w = new World({ actors: [jobs(gate)] })
  const job = w.ref(Job, 'a')
  await settled(w, job.ask.add(1))
  const work = watched(job.ask.work({ steps: 10 }))
  await w.settle()
  assert.equal(gate.arrived, 1)
  assert.deepEqual(await settled(w, job.ask.progress()), { done: 1 }, 'not what the turn is doing')
  assert.equal(work.done, false)
  gate.open()
  assert.equal(await settled(w, work.promise), 11)
  assert.deepEqual(await settled(w, job.ask.progress()), { done: 11 })
  w.assertBalanced()
})

test('T1: a read beside turns sees each ended turn, and no half of one', async () => {
  const slow = new Gate()
  const w = new World({ actors: [jobs(new Gate(), slow)] })
  const job = w.ref(Job, 'a')
  await settled(w, job.ask.add(1))
  const reading = job.ask.slow()
  await w.settle()
  await settled(w, job.ask.add(2))
  slow.open()
  assert.deepEqual(await settled(w, reading), [1, 2])
  w.assertBalanced()
})

test('D1: an answer of a read is what it saw, whatever happens to the state before it leaves', async () => {
  const w = new World({ actors: [jobs(new Gate())], development: false })
  const job = w.ref(Job, 'a')
  await settled(w, job.ask.add(1))
  w.holdAcks()
  job.tell.add(2)
  await w.settle()
  const list = watched(job.ask.list())
  await w.settle()
  assert.equal(list.done, false, 'it saw a turn that is not committed')
  job.tell.add(3)
  await w.settle()
  await w.releaseAcks()
  assert.ok(list.done)
  assert.deepEqual(await list.promise, [1, 2], 'nor did the turn after it leak into the answer')
  w.assertBalanced()
})

test('D1: a read that saw a turn which the store undid is run again', async () => {
  const engine = memoryEngine()
  const w = new World({ actors: [jobs(new Gate())], engine })
  const job = w.ref(Job, 'a')
  await settled(w, job.ask.add(1))
  const faults: Fault[] = ['before']
  engine.fault = () => faults.shift()
  job.tell.add(2)
  await w.settle()
  const progress = watched(job.ask.progress())
  await w.settle()
  assert.equal(progress.done, false)
  await w.advance(1_000)
  assert.deepEqual(
    await progress.promise,
    { done: 1 },
    'as of the last ended turn, which the undone one is not',
  )
  assert.deepEqual(
    w.records().map(({ turn }) => turn),
    [1, 2],
  )
  w.assertBalanced()
})

test('T1: a failing read fails its asker and nothing else', async () => {
  const w = new World({ actors: [jobs(new Gate())] })
  const job = w.ref(Job, 'a')
  await assert.rejects(settled(w, job.ask.bad()), code('ACTOR_FAILED'))
  assert.equal(await settled(w, job.ask.add(1)), 1)
  assert.equal(w.events.filter(({ event }) => event === 'turn-failed').length, 0)
  w.assertBalanced()
})

test('T1: a told or delivered read leaves nothing behind in the store', async () => {
  const w = new World({ actors: [jobs(new Gate())] })
  const job = w.ref(Job, 'a')
  await settled(w, job.deliver.progress())
  job.tell.progress()
  await w.settle()
  assert.equal(w.store.stats().pending, 0)
  w.assertBalanced()
})

const Ledger = contract('ledger', {
  open: message<void, void>(),
  write: message<string, void>(),
  look: message<void, Record<string, Encodable>>(),
  dump: message<void, LedgerState>(),
  setTime: message<void, number>(),
})

/** Every way in which a read may try to write, by name. */
const writes: Readonly<Record<string, (state: LedgerState) => unknown>> = {
  field: (s) => (s.total = 1),
  'new field': (s) => Object.assign(s, { more: 1 }),
  delete: (s) => Reflect.deleteProperty(s, 'total'),
  nested: (s) => ((s.lines[0] as { n: number }).n = 9),
  push: (s) => s.lines.push({ n: 2 }),
  sort: (s) => s.lines.sort(),
  length: (s) => (s.lines.length = 0),
  'map.set': (s) => s.byName.set('b', { n: 1 }),
  'in map': (s) => ((s.byName.get('a') as { n: number }).n = 9),
  'while visiting a map': (s) =>
    s.byName.forEach((one) => {
      one.n = 9
    }),
  'values of a map': (s) => [...s.byName.values()].map((one) => (one.n = 9)),
  'entries of a map': (s) => [...s.byName.entries()].map(([, one]) => (one.n = 9)),
  'a map that is iterated': (s) => [...s.byName].map(([, one]) => (one.n = 9)),
  'values of an object': (s) => (Object.values(s)[1] as { n: number }[]).push({ n: 2 }),
  'through a descriptor': (s) =>
    Object.values(Object.getOwnPropertyDescriptors(s)).map(({ value }) =>
      (value as { n: number }[])?.push?.({ n: 2 }),
    ),
  'map.clear': (s) => s.byName.clear(),
  'set.add': (s) => s.tags.add('y'),
  'set from inside': (s) =>
    s.tags.forEach((_a, _b, set) => {
      set.delete('x')
    }),
  freeze: (s) => Object.freeze(s),
  prototype: (s) => Object.setPrototypeOf(s, null),
}

interface LedgerState {
  total: number
  lines: { n: number }[]
  byName: Map<string, { n: number }>
  tags: Set<string>
  at: Date
  config: { readonly inner: { readonly deep: number } }
}

const firstLedger = (): LedgerState => ({
  total: 0,
  lines: [{ n: 1 }, { n: 3 }],
  byName: new Map([['a', { n: 1 }]]),
  tags: new Set(['x']),
  at: new Date(0),
  // What an application froze is not proxied itself: a proxy must then show it as it is.
  config: Object.freeze({ inner: Object.freeze({ deep: 1 }) }),
})

const ledger = actor(Ledger, {
  durable: true,
  state: firstLedger,
  on: { open: () => undefined },
  reads: {
    write: (ctx, name) => void writes[name]?.(ctx.state),
    dump: (ctx) => ctx.state,
    setTime: (ctx) => ctx.state.at.setTime(5),
    look: ({ state: s }) => ({
      same: s.lines.includes(s.lines[0] as { n: number }),
      isArray: Array.isArray(s.lines),
      sorted: s.lines.toSorted((a, b) => b.n - a.n),
      spread: { ...s.lines[0] },
      json: JSON.stringify(s.lines),
      map: [...s.byName].map(([key, value]) => `${key}${value.n}`),
      size: s.byName.size + s.tags.size,
      values: [...s.tags.values()],
      keys: Object.keys(s),
      time: s.at.getTime(),
      deep: s.config.inner.deep,
    }),
  },
})

test('T1: a read cannot change the state of a durable actor, and is told so', async () => {
  const w = new World({ actors: [ledger] })
  const it = w.ref(Ledger, 'a')
  await settled(w, it.ask.open())
  for (const name of Object.keys(writes)) {
    await assert.rejects(settled(w, it.ask.write(name)), code('STATE_READ_ONLY'), name)
  }
  assert.deepEqual(w.cell('ledger/a')?.state, firstLedger())
  w.assertBalanced()
})

test('T1: a date that a read sets is a copy of its own', async () => {
  const w = new World({ actors: [ledger] })
  const it = w.ref(Ledger, 'a')
  await settled(w, it.ask.open())
  assert.equal(await settled(w, it.ask.setTime()), 5)
  assert.deepEqual(w.cell('ledger/a')?.state, firstLedger())
})

test('T1: a read sees the state as it is: every way to look works', async () => {
  const w = new World({ actors: [ledger] })
  const it = w.ref(Ledger, 'a')
  assert.deepEqual(await settled(w, it.ask.look()), {
    same: true,
    isArray: true,
    sorted: [{ n: 3 }, { n: 1 }],
    spread: { n: 1 },
    json: '[{"n":1},{"n":3}]',
    map: ['a1'],
    size: 2,
    values: ['x'],
    keys: ['total', 'lines', 'byName', 'tags', 'at', 'config'],
    time: 0,
    deep: 1,
  })
  assert.deepEqual(await settled(w, it.ask.dump()), firstLedger())
})
