/** What real threads do when one of them stops, or dies, at a given place. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { App } from '../../actors/app.ts'
import { boot } from '../../runtime/main/boot.ts'
import { checkSystemOptions } from '../../runtime/main/options.ts'
import { Reports } from '../../runtime/main/reports.ts'
import { Outside } from '../../runtime/peer/outside.ts'
import crashBank, { Account as Beater } from '../crash/bank.app.ts'
import { faultsOf } from '../crash/faults.ts'
import bank, { Account } from './bank.app.ts'
import { eventOf, fileOf, systemOf } from './support.ts'

test('M4, D8: ticks that the dying thread of the store had committed are counted and handled', async (t) => {
  // Committed, and nobody was told.
  const { faults } = faultsOf([
    { point: 'commit:synced', nth: 1, act: 'exit', after: 'timer:fired' },
  ])
  const system = await systemOf(t, crashBank, { store: fileOf(t), faults })
  const back = eventOf(system, 'store-resumed')
  const beater = system.ref(Beater, 'a')
  await beater.deliver.beat({ order: 'x', to: '', amount: 0 })
  await back
  let done: readonly string[] = []
  while (done.length === 0) done = (await beater.ask.state()).done
  assert.deepEqual((await beater.ask.state()).wrong, [])
  await system.quiet()
  const { imbalance, total } = system.stats()
  assert.deepEqual({ imbalance, pending: total.pending }, { imbalance: 0, pending: 0 })
})

test('F4: a generation that was replaced cannot commit what it had ready', async (t) => {
  const { faults, gate, passed } = faultsOf([
    { point: 'journal:before-frame', nth: 1, act: 'pause', after: 'turn:recorded' },
    { point: 'journal:frame-sent', nth: 1_000_000, act: 'throw', after: 'turn:recorded' },
  ])
  const options = checkSystemOptions({ store: fileOf(t), workers: 1, faults, log: () => undefined })
  const booted = await boot(bank as App, options, new Reports(options.log, Date.now))
  const { client, hosts } = booted
  t.after(async () => {
    await hosts?.stop(Promise.resolve())
    await booted.store?.close()
    await booted.pool?.destroy()
    booted.clock.end()
  })
  const account = new Outside(booted.peer).ref(Account, 'a')
  await account.deliver.deposit({ amount: 5 })
  await gate.reached
  // Its turn is recorded and not sent, and the slot gets its next generation.
  const position = (await client?.ask('stats', {}))?.position
  assert.equal((await client?.ask('beginEpoch', { slot: 0 }))?.epoch, 2)
  gate.open()
  while (passed(1) === 0) await client?.ask('stats', {})
  for (let look = 0; look < 50; look += 1) await client?.ask('stats', {})
  const { position: after, pending } = (await client?.ask('stats', {})) ?? {}
  assert.deepEqual({ after, pending }, { after: position, pending: 1 })
  hosts?.kill(0)
  assert.equal(await account.ask.deposit({ amount: 1 }, { id: 'next' }), 6)
})

test('F4, D5: a slot whose next epoch cannot be written at first is replaced all the same', async (t) => {
  const { faults } = faultsOf([{ point: 'commit:noted', nth: 1, act: 'throw', after: 'host:lost' }])
  const system = await systemOf(t, bank, { store: fileOf(t), workers: 1, faults })
  const account = system.ref(Account, 'a')
  assert.equal(await account.ask.deposit({ amount: 5 }), 5)
  const stalled = eventOf(system, 'store-stalled')
  const back = eventOf(system, 'host-started')
  assert.equal(system.killHost(0), true)
  await Promise.all([stalled, back])
  assert.equal(await account.ask.deposit({ amount: 1 }, { id: 'next' }), 6)
  await system.quiet()
  assert.equal(system.stats().imbalance, 0)
})

test('D5: a store whose thread dies while the system starts fails the start, and the next one goes on', async (t) => {
  const store = fileOf(t)
  const { faults } = faultsOf([{ point: 'commit:synced', nth: 1, act: 'exit' }])
  await assert.rejects(systemOf(t, bank, { store, faults }), { code: 'STORE_STALLED' })
  const system = await systemOf(t, bank, { store })
  assert.equal(await system.ref(Account, 'a').ask.deposit({ amount: 5 }), 5)
})
