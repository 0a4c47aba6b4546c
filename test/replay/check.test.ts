/** `troupe check`: what of a store new code would not load. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createSystem } from '../../runtime/main/create-system.ts'
import type { CheckReport } from '../../runtime/replay/check.ts'
import { temporaryFolder, writeBank } from './bank.ts'
import { troupe } from './cli.ts'

const wants = {
  open: message<void, void>(),
  hold: message<void, void>(),
  buy: message<string, void>(),
  price: message<number, void>(),
  count: message<number, void>(),
  close: message<void, void>(),
  gone: message<void, void>(),
  tick: message<void, void>(),
  grow: message<void, void>(),
}
type Kept = { sold: string[] }

/** Old code: actors of this type hold their first message, so that what comes behind it waits. */
function old(type: string, version: number) {
  const Old = contract(type, wants)
  const definition = actor(Old, {
    durable: true,
    ...(version > 1 && { version }),
    state: (): Kept => ({ sold: [] }),
    on: {
      open: (ctx) => void ctx.state.sold.push('sign'),
      grow: (ctx) => void ctx.state.sold.push('a', 'b'),
      hold: (ctx) => new Promise((end) => ctx.signal.addEventListener('abort', () => end())),
      buy: () => undefined,
      price: () => undefined,
      count: () => undefined,
      close: () => undefined,
      gone: () => undefined,
      tick(ctx) {
        ctx.timer('t', { after: 3_600_000 }, 'gone')
        ctx.subscribe('prices', 'price')
      },
    },
  })
  return { Old, definition }
}

test('D9: troupe check tells what new code would not load, and writes nothing', async (t) => {
  const store = join(temporaryFolder(t), 'shop.db')
  const [shop, fresh, newer, other, till, board] = [
    old('shop', 2),
    old('shop', 1),
    old('shop', 9),
    old('lost', 1),
    old('till', 1),
    old('board', 1),
  ] as const
  const run = async (
    actors: readonly (typeof shop.definition)[],
    work: (system: Awaited<ReturnType<typeof createSystem>>) => Promise<unknown>,
  ): Promise<void> => {
    const options = { store, workers: 0, closeWithin: 0, log: () => undefined }
    const system = await createSystem(app(import.meta.url, { actors }), options)
    await work(system)
    await system.close()
  }
  await run([newer.definition], (s) => s.ref(newer.Old, 'future').ask.open())
  await run([fresh.definition], (s) => s.ref(fresh.Old, 'ancient').ask.open())
  await run([shop.definition, other.definition, till.definition, board.definition], async (s) => {
    await s.ref(shop.Old, 'good').ask.open()
    await s.ref(shop.Old, 'big').ask.grow()
    await s.ref(other.Old, 'x').ask.open()
    await s.ref(till.Old, 'x').ask.open()
    const busy = s.ref(shop.Old, 'busy')
    await busy.ask.tick()
    void busy.deliver.hold()
    for (const item of ['tea', 'milk']) await busy.deliver.buy(item)
    await busy.deliver.count(11)
    await busy.deliver.close()
    await busy.deliver.gone()
    s.publish('prices', 12)
    await s.ref(board.Old, 'b').ask.open()
  })
  const checkApp = fileURLToPath(new URL('./check-app.ts', import.meta.url))
  const before = readFileSync(store)
  const { code, stdout } = await troupe(['check', store, '--app', checkApp, '--json'])
  assert.deepEqual(readFileSync(store), before)
  assert.equal(code, 3)
  const report = JSON.parse(stdout) as CheckReport
  const found = report.findings.map(({ kind, isProblem, of, name, version, count, examples }) =>
    [isProblem ? '!' : '-', kind, of, name, version && `v${version}`, count, ...examples]
      .filter(Boolean)
      .join(' '),
  )
  assert.deepEqual(found.sort(), [
    '! migration actor v1 1 shop/ancient',
    '! migration actor v2 1 shop/big',
    '! migration message buy v1 1 shop/busy',
    '! newer actor v9 1 shop/future',
    '! no-definition actor 1 lost/x',
    '! no-handler message gone 1 shop/busy',
    '! no-handler message hold 1 shop/busy',
    '! no-handler timer gone 1 shop/busy',
    '! schema message price 1 shop/busy',
    '- removed-handler message close 1 shop/busy',
    '- removed-type actor 1 till/x',
    '- schema message count 1 shop/busy',
  ])
  assert.deepEqual([report.actors, report.messages, report.timers], [8, 7, 1])
  const rerun = await troupe(['rerun', store, 'shop/good', '--app', checkApp])
  assert.equal(
    rerun.stdout,
    '0 turns of 0 actors run again: all do what they did\n' +
      '1 turns not run again: shop was at version 2 then, the code has 3\n',
  )
  const again = await troupe(['check', store, '--app', checkApp])
  assert.equal(again.code, 3)
  assert.match(again.stdout, /migration: 1 actor shop of version 2\n.*too much/)
  assert.match(again.stdout, /there is no migration from 1 to 2/)
  assert.match(again.stdout, /has version 9, the definition knows up to 3/)
  assert.match(
    again.stdout,
    /8 actors, 7 waiting messages, 1 timers, .*: 9 of them would not load\n$/,
  )
})

test('D9: troupe check of the code that wrote a store finds nothing: exit code 0', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await writeBank(store)
  const bank = fileURLToPath(new URL('./bank.ts', import.meta.url))
  const { code, stdout, stderr } = await troupe(['check', store, '--app', bank])
  assert.equal(stderr, '')
  assert.match(stdout, /: all of it loads\n$/)
  assert.equal(code, 0)
})
