/** T1: a durable actor's read handlers run beside its turns, on the state of the last ended one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
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
