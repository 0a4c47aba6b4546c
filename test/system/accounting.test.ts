/** M4 across threads: the identity is exact whenever the system is quiet, whatever died meanwhile. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { System } from '../../runtime/main/system.ts'
import load, { Ledger, Relay } from './load.app.ts'
import { eventOf, fileOf, systemOf } from './support.ts'

const keys = Array.from({ length: 12 }, (_, i) => `k${i}`)

/** The same numbers for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

interface Sent {
  /** Ids whose acknowledgement came: they must be noted, once. */
  readonly acknowledged: Map<string, string>
  readonly asks: Promise<unknown>[]
}

/** One random message. */
function send(system: System, random: (below: number) => number, id: string, sent: Sent): void {
  // From lower to higher keys only, so that asks never wait for each other (T4 has its own tests).
  const low = random(keys.length - 1)
  const key = keys[low] as string
  const other = keys[low + 1 + random(keys.length - 1 - low)] as string
  const ledger = system.ref(Ledger, key)
  const relay = system.ref(Relay, key)
  const keep = (work: Promise<unknown>, at: string): void => {
    const kept = work.then(() => void sent.acknowledged.set(id, at))
    sent.asks.push(kept.catch(() => undefined))
  }
  switch (random(8)) {
    case 0:
      return void relay.tell.pass({ id, to: other, hops: 3 })
    case 1:
      return void ledger.tell.note({ id, passTo: other, hops: 2 })
    case 2:
      return keep(ledger.deliver.note({ id, passTo: other, hops: 1 }), key)
    case 3:
      return keep(ledger.ask.note({ id }), key)
    case 4:
      return keep(ledger.ask.step({ id }), key)
    case 5:
      return keep(ledger.ask.asks({ id, of: other }), key)
    case 6:
      return keep(ledger.deliver.spread({ id, to: other }), key)
    default:
      return keep(relay.ask.hand({ id, to: other }), other)
  }
}

async function assertExact(system: System): Promise<void> {
  await system.quiet()
  const stats = system.stats()
  for (const [type, sum] of Object.entries(stats.byType)) {
    const held = sum.running + sum.inTransit + sum.pending + sum.stashed
    const out = sum.processed + sum.deadLettered + sum.lost
    assert.equal(sum.accepted, out + held, `${type} ${JSON.stringify(sum)}`)
    assert.equal(held, 0, `${type} holds something ${JSON.stringify(sum)}`)
    assert.ok(sum.lost >= 0, `${type} ${JSON.stringify(sum)}`)
  }
  const { store } = await system.health()
  assert.equal(store?.pending, 0)
}

async function assertNotedOnce(system: System, { acknowledged }: Sent): Promise<void> {
  const notes = new Map<string, Record<string, number>>()
  for (const key of keys) notes.set(key, await system.ref(Ledger, key).ask.notes())
  for (const [id, key] of acknowledged) {
    const times = notes.get(key)?.[id]
    assert.ok(times !== undefined, `${id} was acknowledged and is not in ${key}`)
  }
}

for (const seed of [1, 2, 3]) {
  test(`M4: accounting is exact after random load over two hosts (seed ${seed})`, async (t) => {
    const system = await systemOf(t, load, { store: fileOf(t) })
    const random = numbers(seed)
    const sent: Sent = { acknowledged: new Map(), asks: [] }
    for (let i = 0; i < 2_000; i += 1) send(system, random, `m${i}`, sent)
    await Promise.all(sent.asks)
    await assertExact(system)
    await assertNotedOnce(system, sent)
    assert.equal(system.stats().total.lost, 0)
  })
}

for (const how of ['exit in a handler', 'killed wherever it is'] as const) {
  test(`M4, F4: accounting is exact, nothing acknowledged is lost, after ten deaths under load (${how})`, async (t) => {
    const system = await systemOf(t, load, { store: fileOf(t) })
    const random = numbers(77)
    const sent: Sent = { acknowledged: new Map(), asks: [] }
    const kill = (): boolean => {
      if (how === 'killed wherever it is') return system.killHost(random(2))
      const key = keys[random(keys.length)] as string
      return system.ref(Relay, key).tell.exit(3).status === 'queued'
    }
    let id = 0
    for (let death = 0; death < 10; death += 1) {
      for (let i = 0; i < 300; i += 1) send(system, random, `m${id++}`, sent)
      const back = eventOf(system, 'host-started')
      // The next one may be chosen while the last one is only just back, or not yet.
      while (!kill()) await new Promise(setImmediate)
      for (let i = 0; i < 300; i += 1) send(system, random, `m${id++}`, sent)
      await back
    }
    await Promise.all(sent.asks)
    await assertExact(system)
    await assertNotedOnce(system, sent)
  })
}
