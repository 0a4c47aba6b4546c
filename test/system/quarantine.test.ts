/** F3: what kills its thread or the process is quarantined at its third start, and nothing else is. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { hashAddress } from '../../mailbox/address.ts'
import { openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import { writeSuspects } from '../../persistence/suspects-file.ts'
import type { System } from '../../runtime/main/system.ts'
import { fromSources } from '../house/from-sources.ts'
import { troupe } from '../replay/cli.ts'
import poison, { Diary, Fragile, Vault } from './poison.app.ts'
import { eventOf, fileOf, folderOf, keyOn, systemOf } from './support.ts'

/** Deaths of hosts so far. */
function deathsOf(system: System): () => number {
  let deaths = 0
  system.events.on('host-lost', () => {
    deaths += 1
  })
  return () => deaths
}

/** A thousand messages to twenty actors of one slot, accepted by the store, unless the thread dies first. */
function innocents(system: System): {
  vaults: ReturnType<typeof vaultsOf>
  sent: Promise<unknown>
} {
  const vaults = vaultsOf(system)
  const sent = Array.from({ length: 1_000 }, (_, i) => vaults[i % 20]?.deliver.add(1))
  return { vaults, sent: Promise.all(sent) }
}

const vaultsOf = (system: System) =>
  Array.from({ length: 20 }, (_, nth) => system.ref(Vault, keyOn(0, 'vault', nth)))

async function timesOf(vaults: ReturnType<typeof vaultsOf>): Promise<number> {
  const totals = await Promise.all(vaults.map((vault) => vault.ask.total()))
  return totals.reduce((sum, { times }) => sum + times, 0)
}

for (const [name, how] of [
  ['process.exit', 'exit'],
  ['process.exit after a step', 'exitLater'],
  ['a full heap', 'fill'],
  ['an endless loop', 'spin'],
] as const) {
  test(`F3: ${name}: quarantined at the third start, no innocent with it`, async (t) => {
    const system = await systemOf(t, poison, {
      store: fileOf(t),
      hostMemory: 96,
      // On a busy machine a short limit ends threads that only wait for their turn.
      ...(how === 'spin' && { blockLimit: 1_000 }),
    })
    const deaths = deathsOf(system)
    const over = eventOf(system, 'quarantined')
    const first = innocents(system)
    const guilty = system.ref(Vault, keyOn(0, 'vault', 3)).deliver[how]()
    const second = innocents(system)
    await Promise.all([first.sent, guilty, second.sent])
    assert.equal((await over).actor, `vault/${keyOn(0, 'vault', 3)}`)
    await system.quiet()
    assert.equal(deaths(), 2)
    assert.equal(await timesOf(first.vaults), 2_000)
    const letters = system.deadLetters.list()
    assert.deepEqual(
      letters.map((letter) => [letter.name, letter.reason]),
      [[how, 'quarantined']],
    )
    assert.equal(system.stats().imbalance, 0)
    // Released by command: it is a message like any other, and kills again.
    const lost = eventOf(system, 'host-lost')
    system.deadLetters.replay(letters[0]?.id as string)
    await lost
  })
}

test('F3: a message that kills with a thousand turns out is quarantined, and all of them end, once', async (t) => {
  const system = await systemOf(t, poison, { store: 'memory', workers: 1 })
  const deaths = deathsOf(system)
  const over = eventOf(system, 'quarantined')
  const open = join(folderOf(t), 'open')
  const vaults = Array.from({ length: 1_000 }, (_, i) => system.ref(Vault, `v${i}`))
  await Promise.all(vaults.map((vault) => vault.deliver.hold(open)))
  while (system.stats().total.running < vaults.length) await new Promise(setImmediate)
  // Whoever is started from now on need not wait.
  writeFileSync(open, '')
  await system.ref(Vault, 'guilty').deliver.exit()
  assert.equal((await over).actor, 'vault/guilty')
  await system.quiet()
  assert.equal(deaths(), 2)
  assert.equal(await timesOf(vaults), vaults.length)
  const letters = system.deadLetters.list().map(({ to, reason }) => [to, reason])
  assert.deepEqual(letters, [['vault/guilty', 'quarantined']])
  assert.deepEqual(system.quarantine.list(), [])
  assert.equal(system.stats().imbalance, 0)
})

const child = fileURLToPath(new URL('./poison-child.ts', import.meta.url))
const run = (...args: string[]): { status: number | null; signal: string | null; stdout: string } =>
  spawnSync(process.execPath, [...fromSources, child, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  })

for (const workers of ['2', '0']) {
  test(`F3: a message that kills the process is quarantined at its third start (workers: ${workers})`, (t) => {
    const store = fileOf(t)
    assert.equal(run(store, workers, '1000', 'kill').signal, 'SIGKILL')
    assert.equal(run(store, workers).signal, 'SIGKILL')
    const { status, stdout } = run(store, workers)
    assert.equal(status, 0)
    const { times, letters, imbalance } = JSON.parse(stdout) as Record<string, unknown>
    assert.deepEqual({ letters, imbalance }, { letters: ['killProcess quarantined'], imbalance: 0 })
    // All that the first process was told are accepted; it died before it had sent all.
    assert.ok((times as number) > 0)
    // A clean end leaves nothing behind.
    assert.deepEqual(
      readdirSync(dirname(store)).filter((name) => /hand|suspects/.test(name)),
      [],
    )
  })
}

test('F3: what is quarantined is listed, inspected and released by command', async (t) => {
  const store = fileOf(t)
  assert.equal(run(store, '0', '40', 'kill').signal, 'SIGKILL')
  assert.equal(run(store, '0').signal, 'SIGKILL')
  assert.equal(run(store, '0').status, 0)
  const fragile = { position: 0, index: 0, starts: 2, actor: hashAddress('fragile/x') }
  writeSuspects(store, [{ ...fragile, address: 'fragile/x' }], true)
  const listed = await troupe(['quarantine', store, 'list', '--json'])
  const entries = listed.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    entries.map(({ kind, actor, message }) => [kind, actor, message?.name]),
    [
      ['message', 'vault/v0', 'killProcess'],
      ['activation', 'fragile/x', undefined],
    ],
  )
  const { id } = entries[0]
  const inspected = await troupe(['quarantine', store, 'inspect', id])
  assert.match(
    inspected.stdout,
    /killProcess to vault\/v0.*\nfrom {5}outside\nerror .*not started again/,
  )
  for (const wrong of [
    ['inspect', 'x'],
    ['release', 'x'],
  ]) {
    const { code, stderr } = await troupe(['quarantine', store, ...wrong])
    assert.equal(code, 1)
    assert.match(stderr, /DEAD_LETTER_GONE/)
  }
  for (const wrong of [['list', 'x'], ['release'], ['lst']]) {
    assert.equal((await troupe(['quarantine', store, ...wrong])).code, 2)
  }
  const writer = openSqliteStore(store)
  const locked = await troupe(['quarantine', store, 'release', id])
  writer.close()
  assert.match(locked.stderr, /STORE_LOCKED/)
  for (const one of [id, 'fragile/x']) {
    assert.equal((await troupe(['quarantine', store, 'release', one])).code, 0)
  }
  assert.equal((await troupe(['quarantine', store, 'list'])).stdout, '')
  // It is a message like any other, and kills again.
  assert.equal(run(store, '0').signal, 'SIGKILL')
})

test('F3: an activation that kills is not tried a third time, until it is released', async (t) => {
  const store = fileOf(t)
  const trap = join(folderOf(t), 'trap')
  writeFileSync(trap, '')
  const system = await systemOf(t, poison, { store })
  const deaths = deathsOf(system)
  const actor = `fragile/${trap}`
  const fragile = system.ref(Fragile, trap)
  const over = eventOf(system, 'quarantined')
  await fragile.deliver.touch()
  assert.equal((await over).actor, actor)
  assert.equal(deaths(), 2)
  await assert.rejects(fragile.ask.count(), { code: 'QUARANTINED' })
  // Under an own id too: accepted, and its answer is not waited for.
  const touched = () => fragile.ask.touch(undefined, { id: 'once' })
  await assert.rejects(touched(), { code: 'QUARANTINED' })
  await assert.rejects(touched(), { code: 'QUARANTINED' })
  assert.deepEqual(system.quarantine.list(), [{ actor }])
  assert.equal(system.quarantine.release({ actor: 'fragile/other' }), false)
  rmSync(trap)
  const started = eventOf(system, 'actor-started', (event) => event.actor === actor)
  assert.equal(system.quarantine.release({ actor }), true)
  await started
  await system.quiet()
  // What waited for it was kept.
  await touched()
  assert.equal(await fragile.ask.count(), 2)
  assert.deepEqual(system.quarantine.list(), [])
})

test('F3: a timer that kills is quarantined over its ticks, and stays so over a restart', async (t) => {
  const store = fileOf(t)
  const system = await systemOf(t, poison, { store })
  const deaths = deathsOf(system)
  const actor = `vault/${keyOn(0, 'vault')}`
  const over = eventOf(system, 'quarantined')
  await system.ref(Vault, keyOn(0, 'vault')).ask.killEvery(20)
  const { timer } = await over
  assert.equal(deaths(), 2)
  assert.deepEqual(system.quarantine.list(), [{ actor, timer }])
  await system.close()
  const again = await systemOf(t, poison, { store })
  const later = deathsOf(again)
  assert.deepEqual(again.quarantine.list(), [{ actor, timer }])
  const letters = again.deadLetters.list().length
  await again.ref(Vault, keyOn(0, 'vault')).deliver.add(1)
  await again.quiet()
  // It does not even tick.
  assert.equal(again.deadLetters.list().length, letters)
  assert.equal(later(), 0)
  const lost = eventOf(again, 'host-lost')
  assert.equal(again.quarantine.release({ actor, timer: timer as string }), true)
  await lost
})

test('F4: an actor that is released comes up where it lives, and on no other thread', async (t) => {
  const store = fileOf(t)
  const key = join(folderOf(t), 'diary')
  const address = `diary/${key}`
  const barred = { position: 0, index: 0, starts: 2, actor: hashAddress(address) }
  writeSuspects(store, [{ ...barred, address }], true)
  const system = await systemOf(t, poison, { store })
  assert.equal(system.quarantine.release({ actor: address }), true)
  assert.equal(await system.ref(Diary, key).ask.lines(), 1)
  await system.quiet()
  assert.equal(await system.ref(Diary, key).ask.lines(), 1)
})
