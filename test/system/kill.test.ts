/** The kill switch: a tree of agents ends at once, stays ended, and lives again when it is told to. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { outputOf } from '../../actors/agents/conversation.ts'
import { code } from '../durable/support.ts'
import { World } from '../durable/world.ts'
import { jsonLines, troupe } from '../replay/cli.ts'
import tree, { actors, Boss, Clerk, models } from './kill.app.ts'
import { fileOf, systemOf } from './support.ts'

/** The clerk's model is being asked. */
async function deepIn(w: World, asked: () => number): Promise<void> {
  await w.settle()
  assert.equal(asked(), 2)
}

function world() {
  const deps = models()
  return { deps, w: new World({ actors, deps: () => deps }) }
}

const boss = { actor: 'boss/a', at: 0, reason: 'too dear' }

test('what a killed actor does and asked for is aborted, to the model of the last agent', async () => {
  const { w, deps } = world()
  const asked = w.ref(Boss, 'a').ask.say('Work!')
  await deepIn(w, deps.asked)
  w.peer.kill([boss])
  await w.settle()
  const reply = await asked
  assert.throws(() => outputOf(reply), code('ACTOR_KILLED'))
  assert.equal(deps.asked(), 2)
  w.assertBalanced()
})

test('a killed tree stays killed after a crash: what the store holds of it is not run again', async () => {
  const { w, deps } = world()
  void w.ref(Boss, 'a').deliver.say('Work!', { id: 'job' })
  await deepIn(w, deps.asked)
  const next = w.crash()
  next.peer.kill([boss])
  await next.settle()
  assert.equal(deps.asked(), 2, 'neither the boss nor the clerk that it had asked')
  assert.deepEqual(next.letters.map(({ envelope, reason }) => `${envelope.to} ${reason}`).sort(), [
    'boss/a killed',
    'clerk/a killed',
  ])
  const late = next.ref(Boss, 'a').ask.say('And now?')
  late.catch(() => undefined)
  await next.settle()
  await assert.rejects(late, code('ACTOR_KILLED'))
  const status = next.ref(Boss, 'a').ask.status()
  await next.settle()
  assert.equal((await status).messages, 0)
  next.assertBalanced()
})

test('system.kill outlives the system, and system.revive ends it', async (t) => {
  const store = fileOf(t)
  const options = { store, workers: 0 }
  const system = await systemOf(t, tree, options)
  await system.kill({ type: 'clerk', key: 'a' }, { reason: 'too dear' })
  assert.deepEqual(
    system.killed.map(({ actor, reason }) => [actor, reason]),
    [['clerk/a', 'too dear']],
  )
  await assert.rejects(system.ref(Clerk, 'a').ask.say('Hm?'), code('ACTOR_KILLED'))
  await system.close()
  const next = await systemOf(t, tree, options)
  await assert.rejects(next.ref(Clerk, 'a').ask.say('Hm?'), code('ACTOR_KILLED'))
  assert.equal(await next.revive({ type: 'clerk', key: 'a' }), true)
  assert.equal(await next.revive({ type: 'clerk', key: 'a' }), false)
  assert.equal((await next.ref(Clerk, 'a').ask.status()).messages, 0)
  await assert.rejects(next.kill({ type: '', key: 'a' }), code('ADDRESS_INVALID'))
  await assert.rejects(
    next.kill({ type: 'a', key: 'a' }, { why: 'x' } as never),
    code('OPTION_INVALID'),
  )
  await next.close()
  assert.equal(existsSync(`${store}-killed`), false, 'nothing is left behind')
})

test('troupe kill ends a tree of a running system on real threads, and a later system knows', async (t) => {
  const store = fileOf(t)
  const system = await systemOf(t, tree, { store, workers: 2 })
  const stream = system.ref(Boss, 'a').stream.say('Work!')
  for await (const event of stream) if (event.type === 'step') break
  const busy = system.ref(Clerk, 'b').stream.say('Work!')
  const reading = busy[Symbol.asyncIterator]()
  await reading.next()
  assert.equal((await troupe(['kill', store, 'clerk/b', '--reason', 'too dear'])).code, 0)
  const reply = await busy.reply
  assert.throws(() => outputOf(reply), code('ACTOR_KILLED'))
  const listed = jsonLines((await troupe(['kill', store, '--json'])).stdout)
  assert.deepEqual(
    listed.map(({ actor, reason }) => [actor, reason]),
    [['clerk/b', 'too dear']],
  )
  assert.equal((await troupe(['kill', store, 'clerk/b', '--revive'])).code, 0)
  assert.equal((await troupe(['kill', store, 'clerk/b', '--revive'])).code, 1)
})

test('troupe kill: mistakes in the arguments are told', async (t) => {
  const store = fileOf(t)
  assert.equal((await troupe(['kill', store])).code, 1)
  const system = await systemOf(t, tree, { store, workers: 0 })
  assert.equal((await troupe(['kill', store, '--reason', 'x'])).code, 2)
  assert.notEqual((await troupe(['kill', store, 'nobody'])).code, 0)
  assert.equal((await troupe(['kill', store, 'a/b', '--revised'])).code, 2)
  assert.deepEqual(system.killed, [])
})
