/** D9: what old code left in a store is brought to new code, or refused, and never lost. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { type AnyDefinition, app } from '../../actors/app.ts'
import { emptyBook } from '../../actors/cell/book.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { Archivist } from '../../persistence/archivist.ts'
import { decodeValue } from '../../persistence/codec.ts'
import { RecordKind } from '../../persistence/record.ts'
import { connect } from '../../persistence/sqlite/connection.ts'
import { rowChecksum } from '../../persistence/sqlite/rows.ts'
import { openSqliteReader } from '../../persistence/sqlite/sqlite-store.ts'
import { letterOf } from '../../runtime/peer/letter.ts'
import { withFolderAsync } from '../persistence/temp.ts'
import { code, Gate, settled } from './support.ts'
import { sqliteEngine, World } from './world.ts'

/** Version 1: cents, and handlers by names that are gone later. */
const Old = contract('konto', {
  pay: message<number, number>(),
  hold: message<void, void>(),
  put: message<string, void>(),
  release: message<void, void>(),
  remind: message<'after' | 'delay' | 'rate', void>(),
  ring: message<number, void>(),
  adopt: message<string, void>(),
  hear: message<number, void>(),
  follow: message<void, void>(),
  spent: message<number, void>(),
  note: message<string, void>(),
})

interface Cents {
  cents: number
  log: string[]
}

const old = actor(Old, {
  durable: true,
  state: (): Cents => ({ cents: 0, log: [] }),
  on: {
    pay: (ctx, cents) => {
      ctx.state.cents += cents
      return ctx.state.cents
    },
    hold: () => new Gate().pass(),
    put: (ctx) => ctx.stash(),
    release: (ctx) => ctx.unstash(),
    remind: (ctx, kind) => ctx.timer(kind, specOf(kind), 'ring', 7),
    ring: (ctx, cents) => void ctx.state.log.push(`ring ${cents}`),
    adopt: (ctx, name) => void ctx.spawn(Old, name),
    hear: (ctx, cents) => void ctx.state.log.push(`heard ${cents}`),
    follow: (ctx) => ctx.subscribe('prices.*', 'hear'),
    spent: () => undefined,
    note: (ctx, text) => void ctx.state.log.push(text),
  },
})

function specOf(kind: 'after' | 'delay' | 'rate') {
  if (kind === 'after') return { after: 1_000 }
  return kind === 'delay' ? { delay: 1_000 } : { rate: 1_000 }
}

/** Version 3: another type, another state, other names and payloads. */
const Account = contract('account', {
  deposit: message<{ euros: number }, number>({
    version: 2,
    migrate: { 1: (cents: number) => ({ euros: cents / 100 }) },
  }),
  hold: message<void, void>(),
  put: message<{ text: string }, void>({
    version: 2,
    migrate: { 1: (text: string) => ({ text }) },
  }),
  release: message<void, void>(),
  remind: message<'after' | 'delay' | 'rate', void>(),
  ring: message<{ euros: number }, void>({
    version: 2,
    migrate: { 1: (cents: number) => ({ euros: cents / 100 }) },
  }),
  adopt: message<string, void>(),
  heard: message<number, void>(),
  kin: message<void, string[]>(),
  see: message<void, State>(),
})

interface State {
  euros: number
  log: string[]
}

let fail: string | undefined

const account = actor(Account, {
  durable: true,
  version: 3,
  migrate: {
    1: ({ cents, log }: Cents) => ({ amount: cents, log }),
    2: ({ amount, log }: { amount: number; log: string[] }) => {
      if (fail === 'state') throw new Error('no way')
      return { euros: amount / 100, log }
    },
  },
  renamedFrom: ['konto'],
  renamed: { pay: 'deposit', hear: 'heard' },
  removed: ['spent'],
  state: (): State => ({ euros: 0, log: [] }),
  on: {
    deposit: (ctx, { euros }) => {
      ctx.state.euros += euros
      return ctx.state.euros
    },
    hold: () => undefined,
    put: (ctx, { text }) => void ctx.state.log.push(`put ${text}`),
    release: (ctx) => ctx.unstash(),
    remind: (ctx, kind) => ctx.timer(kind, specOf(kind), 'ring', { euros: 1 }),
    ring: (ctx, { euros }) => void ctx.state.log.push(`ring ${euros}`),
    adopt: (ctx, name) => void ctx.spawn(Account, name),
    heard: (ctx, price) => void ctx.state.log.push(`heard ${price}`),
    kin: (ctx) => {
      ctx.spawn(Account, 'late')
      return []
    },
  },
  reads: { see: (ctx) => ctx.state },
})

/** A world of old code, in which alice has 500 cents. */
async function before(engine?: ReturnType<typeof sqliteEngine>): Promise<World> {
  fail = undefined
  const w = new World({ actors: [old], ...(engine && { engine }) })
  await settled(w, w.ref(Old, 'alice').ask.pay(500))
  return w
}

async function after(w: World, actors: readonly AnyDefinition[] = [account]): Promise<World> {
  const next = w.crash(0, { actors })
  await next.settle()
  return next
}

async function see(w: World, key = 'alice'): Promise<State> {
  return await settled(w, w.ref(Account, key).ask.see())
}

test('D9: a state is brought through its versions in order, and the next turn writes it whole', async () => {
  const w = await after(await before())
  assert.deepEqual(await see(w), { euros: 5, log: [] })
  assert.equal(await settled(w, w.ref(Account, 'alice').ask.deposit({ euros: 2 })), 7)
  assert.equal(await settled(w, w.ref(Account, 'alice').ask.deposit({ euros: 1 })), 8)
  const [, whole, delta] = w.records().filter(({ kind }) => kind === RecordKind.turn)
  assert.equal(whole?.version, 3)
  assert.ok(whole?.state !== undefined, 'a patch fits only the state it was made from')
  assert.equal(delta?.state, undefined)
  assert.deepEqual(await see(await after(w)), { euros: 8, log: [] })
})

test('D9: a migration that was not followed by a turn runs again, on the same old state', async () => {
  const w = await after(await after(await before()))
  assert.deepEqual(await see(w), { euros: 5, log: [] })
})

test('D9: a state that cannot be migrated refuses its actor, which neither starts empty nor loses a message', async () => {
  const first = await before()
  void first.ref(Old, 'alice').deliver.hold()
  await first.settle()
  await settled(first, first.ref(Old, 'alice').deliver.pay(100))
  fail = 'state'
  const w = await after(first)
  const refused = assert.rejects(w.ref(Account, 'alice').ask.see(), code('MIGRATION_FAILED'))
  await w.advance(120_000)
  await refused
  assert.deepEqual(w.letters, [])
  fail = undefined
  assert.deepEqual(await see(await after(w)), { euros: 6, log: [] })
})

test('D9: a newer state than the code knows refuses its actor and says both versions', async () => {
  const newer = await after(await before())
  await settled(newer, newer.ref(Account, 'alice').ask.deposit({ euros: 2 }))
  const older = actor(Account, {
    ...definitionOf(account),
    version: 2,
    migrate: { 1: ({ cents, log }: Cents) => ({ euros: cents, log }) },
  })
  const w = await after(newer, [older])
  await assert.rejects(
    settled(w, w.ref(Account, 'alice').ask.deposit({ euros: 1 })),
    (error: Error) => {
      assert.ok(code('VERSION_NEWER')(error))
      assert.match(error.message, /has version 3, the definition knows up to 2/)
      return true
    },
  )
  assert.deepEqual(await see(await after(w)), { euros: 7, log: [] })
})

test('D9: pending messages, renamed and of an old version, are handled in their order', async () => {
  const first = await before()
  const alice = first.ref(Old, 'alice')
  void alice.deliver.hold()
  await first.settle()
  for (const cents of [100, 200]) await settled(first, alice.deliver.pay(cents))
  const w = await after(first)
  assert.deepEqual(await see(w), { euros: 8, log: [] })
  w.assertBalanced()
})

test('D9: a stashed message is migrated when it comes back from the stash', async () => {
  const first = await before()
  await settled(first, first.ref(Old, 'alice').deliver.put('hat'))
  await first.settle()
  const w = await after(first)
  await settled(w, w.ref(Account, 'alice').ask.release())
  await w.settle()
  assert.deepEqual((await see(w)).log, ['put hat'])
})

for (const kind of ['after', 'delay', 'rate'] as const) {
  test(`D9: a timer (${kind}) set by old code fires with the payload of new code`, async () => {
    const first = await before()
    await settled(first, first.ref(Old, 'alice').ask.remind(kind))
    const w = await after(first)
    await w.advance(1_000)
    assert.deepEqual((await see(w)).log, ['ring 0.07'])
    await w.advance(1_000)
    assert.equal((await see(w)).log.length, kind === 'after' ? 1 : 2)
    const again = await after(w)
    await again.advance(1_000)
    assert.equal((await see(again)).log.length, kind === 'after' ? 1 : 3)
  })
}

test('D9: a subscription under a renamed handler still hears, and what was published has no version', async () => {
  const first = await before()
  await settled(first, first.ref(Old, 'alice').ask.follow())
  const w = await after(first)
  w.outside.publish('prices.tea', 4)
  await w.settle()
  assert.deepEqual((await see(w)).log, ['heard 4'])
})

test('D9: children and their book survive the renaming of their type', async () => {
  const first = await before()
  await settled(first, first.ref(Old, 'alice').ask.adopt('bob'))
  await settled(first, first.ref(Old, 'alice/bob').ask.pay(100))
  const w = await after(first)
  await settled(w, w.ref(Account, 'alice').ask.kin())
  assert.deepEqual(w.cell('account/alice')?.book.children, {
    'account/alice/bob': true,
    'account/alice/late': true,
  })
  // The first turn of new code wrote the book whole, or the older child would be forgotten here.
  const next = await after(w)
  await see(next)
  assert.deepEqual(Object.keys(next.cell('account/alice')?.book.children ?? {}).sort(), [
    'account/alice/bob',
    'account/alice/late',
  ])
  assert.equal((await see(next, 'alice/bob')).euros, 1)
  assert.equal(next.cell('account/alice/bob')?.book.parent, 'account/alice')
})

test('D9: whoever watches a durable actor hears of its end under the new name of its type', async () => {
  const ends: string[] = []
  const versions = ['konto', 'account'].map((type) => {
    const Watched = contract(type, { die: message<void, void>() })
    const Watcher = contract('watcher', { watch: message<string, void>() })
    return {
      Watched,
      Watcher,
      actors: [
        actor(Watched, {
          durable: true,
          state: () => ({}),
          ...(type === 'account' && { renamedFrom: ['konto'] }),
          on: { die: (ctx) => ctx.destroy() },
        }),
        actor(Watcher, {
          durable: true,
          state: () => ({ ended: 0 }),
          on: { watch: (ctx, key) => ctx.watch({ type, key }) },
          onTerminated: (ctx, who) => {
            ctx.state.ended += 1
            ends.push(`${who.type}/${who.key}`)
          },
        }),
      ] as const,
    }
  })
  const [first, second] = versions as [(typeof versions)[0], (typeof versions)[0]]
  const w = new World({ actors: first.actors })
  await settled(w, w.ref(first.Watched, 'bob').deliver.die())
  await w.settle()
  const again = w.crash()
  await settled(again, again.ref(first.Watcher, 'w').ask.watch('bob'))
  await again.settle()
  assert.deepEqual(ends, ['konto/bob'])
  await settled(again, again.ref(first.Watcher, 'w').ask.watch('carl'))
  const next = await after(again, second.actors)
  await settled(next, next.ref(second.Watched, 'carl').ask.die())
  await next.settle()
  assert.deepEqual(ends, ['konto/bob', 'account/carl'])
})

test('D9: an address of the old type, kept in a state, leads to the renamed actor', async () => {
  const w = await after(await before())
  const ref = w.outside.ref(Account, { type: 'konto', key: 'alice' })
  assert.equal(ref.type, 'account')
  assert.equal((await settled(w, ref.ask.see())).euros, 5)
})

test('D9: a pending message for a removed handler is a dead letter, whole, and does not hold up others', async () => {
  const first = await before()
  const alice = first.ref(Old, 'alice')
  void alice.deliver.hold()
  await first.settle()
  await settled(first, alice.deliver.spent(3))
  await settled(first, alice.deliver.pay(100))
  const w = await after(first)
  assert.equal((await see(w)).euros, 6)
  const [letter] = w.letters
  assert.equal(letter?.reason, 'no-handler')
  assert.equal(letter?.envelope.payload, 3)
  assert.ok((letter?.position ?? 0) > 0, 'kept by a record')
  w.assertBalanced()
})

test('D9: a timer of a removed handler ends with its first dead letter', async () => {
  const first = await before()
  await settled(first, first.ref(Old, 'alice').ask.remind('rate'))
  const { ring: _ring, ...rest } = Account.messages
  const Less = contract('account', rest)
  const { on, ...behavior } = definitionOf(account)
  const { ring: _handler, ...handlers } = on as Record<string, unknown>
  const less = actor(Less, { ...behavior, on: handlers } as never)
  const w = await after(first, [less])
  await w.advance(5_000)
  assert.equal(w.letters.length, 1)
  assert.equal(w.store.nextDue(), undefined)
})

test('D9: a message whose migration throws is a dead letter with its old payload and version', async () => {
  const first = await before()
  const alice = first.ref(Old, 'alice')
  void alice.deliver.hold()
  await first.settle()
  await settled(first, alice.deliver.pay(100))
  await settled(first, alice.deliver.put('hat'))
  const Broken = contract('account', {
    ...Account.messages,
    deposit: message<{ euros: number }, number>({
      version: 2,
      migrate: {
        1: () => {
          throw new Error('cannot')
        },
      },
    }),
  })
  const w = await after(first, [actor(Broken, definitionOf(account) as never)])
  const [letter] = w.letters
  assert.equal(letter?.reason, 'parked')
  assert.ok(code('MIGRATION_FAILED')(letter?.error))
  assert.equal(letter?.envelope.payload, 100)
  assert.equal(letter?.envelope.header.unfit?.version, 1)
  assert.deepEqual(await see(w), { euros: 5, log: ['put hat'] })
  w.assertBalanced()
})

test('D9: a migrated message that fails its turn is a dead letter of the present version', async () => {
  const first = await before()
  const alice = first.ref(Old, 'alice')
  void alice.deliver.hold()
  await first.settle()
  await settled(first, alice.deliver.pay(100))
  const { on, ...behavior } = definitionOf(account)
  const failing = actor(Account, {
    ...behavior,
    retry: { attempts: 1 },
    on: {
      ...on,
      deposit: () => {
        throw new Error('not now')
      },
    },
  })
  const w = await after(first, [failing])
  const [letter] = w.letters
  const { version, payload } = letterOf(
    letter?.envelope ?? assert.fail(),
    'parked',
    undefined,
    1,
    0,
  )
  assert.deepEqual([version, decodeValue(payload ?? assert.fail())], [undefined, { euros: 1 }])
})

test('D9: a newer message waits with all behind it, and newer code handles them in order', async () => {
  const first = await after(await before())
  const Slow = contract('account', Account.messages)
  const { on } = definitionOf(account)
  const slow = actor(Slow, {
    ...definitionOf(account),
    on: { ...on, hold: () => new Gate().pass() },
  } as never)
  const w = await after(first, [slow])
  void w.ref(Account, 'alice').deliver.hold()
  await w.settle()
  await settled(w, w.ref(Account, 'alice').deliver.put({ text: 'a' }))
  await settled(w, w.ref(Account, 'alice').deliver.deposit({ euros: 1 }))
  const Lower = contract('account', { ...Account.messages, put: message<string, void>() })
  const rolledBack = await after(w, [actor(Lower, definitionOf(account) as never)])
  const refused = assert.rejects(rolledBack.ref(Account, 'alice').ask.see(), code('VERSION_NEWER'))
  await rolledBack.advance(60_000)
  await refused
  assert.deepEqual(rolledBack.letters, [])
  assert.deepEqual(await see(await after(rolledBack)), { euros: 6, log: ['put a'] })
})

test('D9: a store with actors of both names under one key is refused, unchanged', async () => {
  const first = await before()
  const both = first.crash(0, {
    actors: [old, actor(Account, { ...definitionOf(account), renamedFrom: [] })],
  })
  await settled(both, both.ref(Account, 'alice').ask.deposit({ euros: 1 }))
  assert.throws(() => both.crash(0, { actors: [account] }), code('STORE_RENAME'))
  const again = both.crash(0, { actors: [old] })
  assert.equal(await settled(again, again.ref(Old, 'alice').ask.pay(1)), 501)
})

test('D9: in a file too, types are renamed, and a snapshot carries the version of its state', async () => {
  await withFolderAsync(async (folder) => {
    const engine = sqliteEngine(join(folder, 'store.db'))
    const first = await before(engine)
    for (let i = 0; i < 9; i += 1) {
      await settled(first, first.ref(Old, 'alice').ask.note('x'.repeat(10_000)))
    }
    const reader = openSqliteReader(join(folder, 'store.db'))
    const archivist = new Archivist(reader.medium, first.store, { emptyMeta: emptyBook })
    assert.equal(await archivist.writeSnapshots(), 1)
    reader.close()
    const [snapshot] = first.store.snapshots('konto/alice')
    assert.equal(snapshot?.version, 1)
    const w = await after(first)
    assert.equal((await see(w)).euros, 5)
    assert.equal((await see(w)).log.length, 9)
    engine.close()
    const checked = openSqliteReader(join(folder, 'store.db'))
    assert.equal(checked.medium.actorNo('konto/alice'), undefined)
    const no = checked.medium.actorNo('account/alice') as number
    const row = checked.medium.row(no) ?? assert.fail()
    const raw = connect(join(folder, 'store.db'), { readonly: true })
    const [sum] = raw.prepare('SELECT checksum FROM actors WHERE no = ?').get(no) ?? []
    raw.close()
    assert.equal(
      sum,
      rowChecksum(row, 'account/alice'),
      'the row is good, not mended when it is read',
    )
    checked.close()
  })
})

test('D9: a definition whose past does not fit together is an error where it is written', () => {
  const One = contract('one', { go: message<void, void>() })
  const define = (more: object) => () =>
    actor(One, { state: () => ({}), on: { go: () => undefined }, ...more })
  const wrong: [object, RegExp][] = [
    [{ version: 0 }, /"version" must be an integer from 1 to 65535/],
    [{ version: 4, migrate: { 1: () => ({}), 3: () => ({}) } }, /none from 2 to 3/],
    [{ version: 3, migrate: { 1: () => ({}) } }, /none from 2 to 3/],
    [{ version: 2, migrate: { 2: () => ({}) } }, /below the present one, 2; got 2/],
    [{ migrate: { 1: () => ({}) } }, /below the present one, 1; got 1/],
    [{ version: 2, migrate: { 1: 'x' } }, /migration 1 is not a function/],
    [{ renamed: { go: 'go' } }, /"renamed" names "go", which has a handler/],
    [{ renamed: { old: 'gone' } }, /leads to "gone", which has no handler/],
    [{ removed: ['go'] }, /"removed" names "go", which has a handler/],
    [{ renamed: { old: 'go' }, removed: ['old'] }, /both renamed and removed/],
    [{ renamedFrom: ['one'] }, /its own type/],
    [{ renamedFrom: ['no/type'] }, /an actor type is a letter/],
  ]
  for (const [more, text] of wrong) assert.throws(define(more), text)
  assert.throws(() => message({ version: 3, migrate: { 1: () => 1 } }), /none from 2 to 3/)
  const two = (type: string, more: object = {}) =>
    actor(contract(type, { go: message<void, void>() }), { on: { go: () => undefined }, ...more })
  const apps: [Parameters<typeof app>[1], RegExp][] = [
    [{ actors: [two('a'), two('b', { renamedFrom: ['a'] })] }, /"b" was renamed from "a"/],
    [
      { actors: [two('a', { renamedFrom: ['x'] }), two('b', { renamedFrom: ['x'] })] },
      /"b" was renamed from "x", and so would be "a"/,
    ],
    [{ actors: [two('a')], removed: ['a'] }, /"a" is removed, and an actor has it/],
  ]
  for (const [parts, text] of apps) assert.throws(() => app(import.meta.url, parts as never), text)
})

/** What an actor was defined with, to define it again a little differently. */
function definitionOf(definition: typeof account) {
  return definition.behavior as never as Parameters<
    typeof actor<typeof Account.messages, State, 'see'>
  >[1]
}
