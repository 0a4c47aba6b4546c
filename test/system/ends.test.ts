/** F6: a durable watcher hears of the end of a volatile actor, also when that one's thread or process died. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Cell } from '../../actors/cell/cell.ts'
import { hashAddress } from '../../mailbox/address.ts'
import type { Watch } from '../../persistence/store.ts'
import { tellEndsOfSlot } from '../../runtime/main/ends-untold.ts'
import type { System } from '../../runtime/main/system.ts'
import type { Peer } from '../../runtime/peer/peer.ts'
import { type SignalledThread, Signalling } from '../../runtime/peer/signalling.ts'
import type { StoreClient } from '../../runtime/peer/store-client.ts'
import { fromSources } from '../house/from-sources.ts'
import ends, { Guest, Watcher } from './ends.app.ts'
import { eventOf, fileOf, keyOn, systemOf } from './support.ts'

/** What the watcher was told, without waking it: a watcher that comes up asks by itself. */
async function toldOnItsOwn(system: System, key: string): Promise<readonly string[]> {
  await system.quiet()
  const { processed = 0 } = system.stats().byType['watcher'] ?? {}
  return processed === 0 ? [] : await system.ref(Watcher, key).ask.told()
}

test('F6: who watched a volatile actor of a killed process is told when the next one starts', async (t) => {
  const store = fileOf(t)
  const path = join(import.meta.dirname, 'ends-child.ts')
  const child = spawn(process.execPath, [...fromSources, path, store], { stdio: 'inherit' })
  t.after(() => child.kill('SIGKILL'))
  const [, signal] = await once(child, 'exit')
  assert.equal(signal, 'SIGKILL')
  const system = await systemOf(t, ends, { store, workers: 0 })
  assert.deepEqual(await toldOnItsOwn(system, 'w'), ['guest/g ended'])
  assert.equal(system.stats().imbalance, 0)
  await system.close()
  const again = await systemOf(t, ends, { store, workers: 0 })
  assert.deepEqual(await toldOnItsOwn(again, 'w'), [], 'not again')
  assert.deepEqual(await again.ref(Watcher, 'w').ask.told(), ['guest/g ended'])
})

test('F6: who watched a volatile actor of its own thread is told after that thread died', async (t) => {
  const system = await systemOf(t, ends, { store: fileOf(t) })
  const [w, g, other] = [keyOn(0, 'watcher'), keyOn(0, 'guest'), keyOn(1, 'guest')]
  for (const key of [g, other]) {
    await system.ref(Guest, key).ask.greet()
    await system.ref(Watcher, w).ask.watch({ type: 'guest', key })
  }
  await system.quiet()
  const before = system.stats().byType['watcher']?.processed ?? 0
  const started = eventOf(system, 'host-started', ({ slot }) => slot === 0)
  system.killHost(0)
  await started
  await system.quiet()
  const after = system.stats().byType['watcher']?.processed ?? 0
  assert.ok(after > before, 'it was woken for it')
  assert.deepEqual(await system.ref(Watcher, w).ask.told(), [`guest/${g} ended`])
  // The one that lives is watched still, by the watcher's next thread.
  await system.ref(Guest, other).ask.leave()
  await system.quiet()
  assert.deepEqual(await system.ref(Watcher, w).ask.told(), [
    `guest/${g} ended`,
    `guest/${other} ended`,
  ])
  assert.equal(system.stats().imbalance, 0)
})

test('F6: of the watches that the store knows, those of a dead thread are answered or begun again', async () => {
  const [here, there] = [keyOn(0, 'guest'), keyOn(1, 'guest')]
  const [w0, w1] = [keyOn(0, 'watcher'), keyOn(1, 'watcher')]
  const watches: Watch[] = [
    { watched: `guest/${here}`, by: `watcher/${w0}` },
    { watched: `guest/${here}`, by: `watcher/${w1}` },
    { watched: `guest/${there}`, by: `watcher/${w0}` },
    { watched: `guest/${there}`, by: `watcher/${w1}` },
  ]
  const done: unknown[] = []
  const client = {
    async ask(...asked: unknown[]) {
      done.push(asked)
      return watches
    },
  }
  const peer = {
    slotOf: (id: string) => hashAddress(id) % 2,
    recordEnd: async (id: string) => void done.push(`end ${id}`),
    signal: (to: string, signal: unknown) => void done.push([to, signal]),
  }
  await tellEndsOfSlot(0, peer as unknown as Peer, client as unknown as StoreClient, ends.actors)
  assert.deepEqual(done, [
    ['watches', { types: ['guest'] }],
    `end guest/${here}`,
    [`guest/${there}`, { kind: 'watch', by: `watcher/${w0}` }],
  ])
})

test('F6: a parent that stops tells the new thread of its durable child so, any other that it is its parent', () => {
  const said: unknown[] = []
  const thread = {
    slotOf: () => 0,
    isDurable: () => true,
    signal: (to: string, signal: unknown) => void said.push([to, signal]),
  }
  const signalling = new Signalling(thread as unknown as SignalledThread)
  const family = { watching: [], children: ['guest/c'], parent: undefined }
  for (const phase of ['stopping', 'ready']) {
    signalling.rebind({ id: 'watcher/p', phase, family } as unknown as Cell, 0)
  }
  assert.deepEqual(said, [
    ['guest/c', { kind: 'stop', reason: 'stopped', by: 'watcher/p' }],
    ['guest/c', { kind: 'adopt', parent: 'watcher/p' }],
  ])
})
