/** What waits in the store at a start is taken up a bounded number of actors at a time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { wokenAtOnce } from '../../runtime/peer/waker.ts'
import { Gate, settled } from './support.ts'
import { World } from './world.ts'

const Job = contract('job', { work: message<number>(), done: message<void, number[]>() })

/** Jobs that see how many actors are in memory while they work. */
function jobs() {
  const seen = { gate: new Gate(), most: 0, begun: 0, world: undefined as World | undefined }
  const job = actor(Job, {
    durable: true,
    state: () => ({ done: [] as number[] }),
    on: {
      async work(ctx, n) {
        seen.begun += 1
        seen.most = Math.max(seen.most, seen.world?.peer.residents.size ?? 0)
        await seen.gate.pass()
        ctx.state.done.push(n)
      },
    },
    reads: { done: (ctx) => [...ctx.state.done] },
  })
  return { job, seen }
}

/** A world whose process died while this many actors had two messages each. */
async function backlogOf(count: number, residency: number) {
  const { job, seen } = jobs()
  const before = new World({ actors: [job] })
  for (let i = 0; i < count; i += 1) {
    for (const n of [1, 2]) void before.ref(Job, String(i)).deliver.work(n)
  }
  await before.settle()
  seen.begun = 0
  const world = before.crash(0, { residency })
  seen.world = world
  seen.most = 0
  return { world, seen }
}

test('M5: a backlog for many actors is worked off with a bounded number of them in memory', async () => {
  const { world, seen } = await backlogOf(2_500, wokenAtOnce)
  seen.gate.open()
  await world.settle()
  assert.equal(seen.begun, 5_000)
  assert.ok(seen.most > wokenAtOnce / 2, `${seen.most} at once`)
  assert.ok(seen.most <= wokenAtOnce + 1, `${seen.most} actors were in memory at once`)
  assert.equal(world.store.stats().pending, 0)
  world.assertBalanced()
})

test('M5: who was woken and works holds a place; who is written to comes up beside them', async () => {
  const { world, seen } = await backlogOf(wokenAtOnce + 10, 50_000)
  await world.settle()
  assert.equal(seen.begun, wokenAtOnce)
  assert.equal(world.peer.residents.size, wokenAtOnce)
  assert.equal(world.peer.is('resting'), false)
  // The last one waits for its wake. What it is sent now stays behind what the store holds for it (T2).
  const last = world.ref(Job, String(wokenAtOnce + 9))
  assert.equal(world.cell(`job/${last.key}`), undefined)
  const told = last.deliver.work(3)
  await world.settle()
  assert.equal(seen.begun, wokenAtOnce + 1)
  seen.gate.open()
  await settled(world, told)
  assert.deepEqual(await settled(world, last.ask.done()), [1, 2, 3])
  assert.equal(seen.begun, 2 * (wokenAtOnce + 10) + 1)
  assert.equal(world.peer.is('resting'), true)
  world.assertBalanced()
})

test('D4: actors that cannot be read take no place from the others', async () => {
  const { world, seen } = await backlogOf(wokenAtOnce + 50, 50_000)
  const load = world.store.loadMany.bind(world.store)
  world.store.loadMany = (ids, limit) =>
    load(ids, limit).map((loaded, i) => {
      const id = ids[i] as string
      const isBad = Number(id.slice(4)) < wokenAtOnce
      return isBad ? { kind: 'damaged', detail: 'broken', positions: [1], actor: id } : loaded
    })
  seen.gate.open()
  await world.settle()
  assert.equal(seen.begun, 2 * 50)
})
