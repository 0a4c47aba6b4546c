/** M6: interrupting a turn, by those who have the right to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { EarlyInterrupts, remembered } from '../../actors/cell/early-interrupts.ts'
import type { Grant } from '../../actors/context.ts'
import { contract } from '../../actors/contract.ts'
import { message, stream } from '../../actors/message.ts'
import type { TroupeError } from '../../mailbox/errors.ts'
import { gate } from './gate.ts'
import { harness } from './harness.ts'

const Job = contract('job', {
  obey: message<string, string>(),
  ignore: message<string, string>(),
  cleanUp: message<string, string>(),
  flow: stream<void, number, void>(),
  grant: message<void, Grant>(),
  count: message<void, number>(),
})
const Boss = contract('boss', {
  spawn: message(),
  interrupt: message<string>(),
  interruptBy: message<{ readonly grant: Grant; readonly id: string }>(),
})

function jobs() {
  const log: string[] = []
  const held = gate()
  const job = actor(Job, {
    state: () => ({ turns: 0 }),
    on: {
      async obey(ctx, text) {
        ctx.state.turns += 1
        await new Promise((_resolve, reject) => {
          ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason))
        })
        return text
      },
      async ignore(ctx, text) {
        ctx.state.turns += 1
        await held.opened
        return `${text} ${ctx.signal.aborted}`
      },
      async cleanUp(ctx, text) {
        try {
          await new Promise((_resolve, reject) => {
            ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason))
          })
        } catch {
          return `${text}: what there was`
        }
        return text
      },
      async *flow(ctx) {
        try {
          for (let i = 0; ; i += 1) {
            await held.opened
            yield i
            if (ctx.signal.aborted) return
          }
        } finally {
          log.push('flow ends')
        }
      },
      grant: (ctx) => ctx.grant(),
      count: (ctx) => ctx.state.turns,
    },
  })
  const boss = actor(Boss, {
    on: {
      spawn: (ctx) => void ctx.spawn(Job, 'job'),
      interrupt: (ctx, id) => ctx.interrupt(ctx.ref(Job, 'b/job'), id),
      interruptBy: (ctx, { grant, id }) => ctx.interrupt(grant, id),
    },
  })
  const h = harness({ actors: [job, boss] })
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    promise.catch(() => undefined)
    await h.settle()
    return await promise
  }
  return { h, log, held, settled, job: h.ref(Job, 'b/job'), boss: h.ref(Boss, 'b') }
}

test('M6: a parent interrupts its child, whose turn ends without a restart', async () => {
  const { h, settled, job, boss } = jobs()
  boss.tell.spawn()
  await h.settle()
  const asked = job.ask.obey('x', { id: 'work' })
  job.tell.obey('y', { id: 'told' })
  await h.settle()
  boss.tell.interrupt('work')
  await assert.rejects(settled(asked), { code: 'CANCELLED', message: /work was interrupted/ })
  boss.tell.interrupt('told')
  await h.settle()
  assert.deepEqual(
    h.letters.map(({ envelope, reason }) => [envelope.id, reason]),
    [['told', 'cancelled']],
  )
  assert.equal(await settled(job.ask.count()), 2, 'the state is still there')
  assert.equal(h.events.filter(({ event }) => event === 'turn-failed').length, 0)
  assert.equal(h.clock.pending, 0)
  assert.equal(h.imbalance(), 0)
})

test('M6: a grant carries the right, from inside and from outside', async () => {
  const { h, settled, job } = jobs()
  const grant = await settled(job.ask.grant())
  assert.deepEqual(await settled(job.ask.grant()), grant)
  assert.deepEqual(structuredClone(grant), grant)
  const first = job.ask.obey('x', { id: 'one' })
  first.catch(() => undefined)
  await h.settle()
  h.ref(Boss, 'other').tell.interruptBy({ grant, id: 'one' })
  await h.settle()
  await assert.rejects(first, { code: 'CANCELLED' })
  const second = job.ask.obey('x', { id: 'two' })
  second.catch(() => undefined)
  await h.settle()
  h.outside.interrupt(grant, 'two')
  await h.settle()
  await assert.rejects(second, { code: 'CANCELLED' })
  assert.equal(h.imbalance(), 0)
})

test('M6: without the right nothing happens', async () => {
  const { h, held, settled, job, boss } = jobs()
  const grant = await settled(job.ask.grant())
  const asked = job.ask.ignore('x', { id: 'work' })
  await h.settle()
  // No parent, a grant for another actor, and a made-up one.
  boss.tell.interrupt('work')
  h.ref(Boss, 'q').tell.interruptBy({ grant: { ...grant, grant: 'made up' }, id: 'work' })
  const other = await settled(h.ref(Job, 'other').ask.grant())
  h.outside.interrupt({ ...other, key: 'b/job' }, 'work')
  h.peer.signal('job/b/job', { kind: 'interrupt', id: 'work', by: '' })
  await h.settle()
  held.open()
  assert.equal(await settled(asked), 'x false')
  assert.equal(h.imbalance(), 0)
})

test('M6: an interrupt names a message: others, and an ended turn, are not touched', async () => {
  const { h, held, settled, job } = jobs()
  const grant = await settled(job.ask.grant())
  held.open()
  assert.equal(await settled(job.ask.ignore('done', { id: 'done' })), 'done false')
  const next = job.ask.cleanUp('next', { id: 'next' })
  await h.settle()
  h.outside.interrupt(grant, 'done')
  await h.settle()
  assert.equal(h.accounting('job').running, 1)
  h.outside.interrupt(grant, 'next')
  h.outside.interrupt(grant, 'next')
  assert.equal(await settled(next), 'next: what there was', 'a handler may answer all the same')
  assert.equal(h.imbalance(), 0)
})

test('M6: a message that still waits is taken back', async () => {
  const { h, held, settled, job } = jobs()
  const grant = await settled(job.ask.grant())
  const first = job.ask.ignore('first')
  const second = job.ask.ignore('second', { id: 'second' })
  await h.settle()
  h.outside.interrupt(grant, 'second')
  await assert.rejects(settled(second), { code: 'CANCELLED' })
  held.open()
  assert.equal(await settled(first), 'first false')
  assert.equal(await settled(job.ask.count()), 1)
  assert.equal(h.imbalance(), 0)
})

test('M6: an interrupted stream ends its generator and tells its reader', async () => {
  const { h, log, held, settled, job } = jobs()
  const grant = await settled(job.ask.grant())
  held.open()
  const items = job.stream.flow(undefined, { id: 'flow' })
  const iterator = items[Symbol.asyncIterator]()
  await h.settle()
  h.outside.interrupt(grant, 'flow')
  await h.settle()
  assert.deepEqual(log, ['flow ends'])
  await assert.rejects(items.reply, (error: TroupeError) => error.code === 'CANCELLED')
  assert.deepEqual(await iterator.next(), { done: false, value: 0 }, 'what came is not lost')
  await iterator.return?.(undefined)
  assert.equal(h.events.filter(({ event }) => event === 'turn-failed').length, 0)
  assert.equal(h.imbalance(), 0)
})

test('M6: an interrupt of a turn that has ended does not touch another message with the same own id', async () => {
  const { h, held, settled, job } = jobs()
  const grant = await settled(job.ask.grant())
  held.open()
  assert.equal(await settled(job.ask.ignore('first', { id: 'name' })), 'first false')
  h.outside.interrupt(grant, 'name')
  await h.settle()
  assert.equal(await settled(job.ask.ignore('second', { id: 'name' })), 'second false')
  assert.equal(h.imbalance(), 0)
})

test('M6: an interrupt that overtakes its message keeps it from its turn', async () => {
  const { h, held, settled, job } = jobs()
  const grant = await settled(job.ask.grant())
  held.open()
  h.outside.interrupt(grant, 'name')
  await h.settle()
  await assert.rejects(settled(job.ask.ignore('first', { id: 'name' })), { code: 'CANCELLED' })
  assert.equal(await settled(job.ask.ignore('second', { id: 'name' })), 'second false')
  assert.equal(await settled(job.ask.count()), 1)
  assert.equal(h.imbalance(), 0)
})

test('M6: a thread remembers a bounded number of interrupts without a message, the newest', () => {
  const early = new EarlyInterrupts()
  const interrupt = (id: string) => ({ kind: 'interrupt', id, by: '' }) as const
  for (let n = 0; n <= remembered; n += 1) early.keep(`job/${n % 7}`, interrupt(`${n}`))
  assert.deepEqual(early.take('job/0', '0'), [], 'the oldest is gone')
  for (let n = 1; n <= remembered; n += 1) {
    assert.deepEqual(early.take(`job/${n % 7}`, `${n}`), [interrupt(`${n}`)])
  }
  assert.equal(early.awaits('job/1'), false)
  for (let n = 0; n <= remembered; n += 1) early.begins('job/a', `${n}`)
  assert.deepEqual([early.hasBegun('job/a', '0'), early.hasBegun('job/a', '1')], [false, true])
})
