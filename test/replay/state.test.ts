/** `troupe state`: any state of the past, what changed between two, and what changed a place last. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { createDraft } from '../../actors/draft/draft.ts'
import { decodeValue, encodeValue } from '../../persistence/codec.ts'
import { isDamage } from '../../persistence/decode.ts'
import type { HistoryStore } from '../../persistence/history-store.ts'
import { openMemoryStore } from '../../persistence/memory-store.ts'
import { applyPatch } from '../../persistence/patch.ts'
import { differences } from '../../persistence/replay/differences.ts'
import { parsePlace, valueAt } from '../../persistence/replay/place.ts'
import { blame, stateAt } from '../../persistence/replay/state-at.ts'
import { connect } from '../../persistence/sqlite/connection.ts'
import type { StoredRecord } from '../../persistence/stored.ts'
import { RecordKind, Writer } from '../persistence/frames.ts'
import { temporaryFolder, writeBank } from './bank.ts'
import { jsonLines, troupe } from './cli.ts'

interface State {
  n: number
  list: number[]
}

const actors = ['cell/a', 'cell/b'] as const
const change = fc.record({
  actor: fc.constantFrom(...actors),
  do: fc.constantFrom('add', 'push', 'shift', 'destroy', 'snapshot', 'nothing'),
  by: fc.integer({ min: 1, max: 9 }),
})
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

/** Writes a random history with a real store; every commit is a segment of its own. */
class Life {
  readonly store = openMemoryStore() as HistoryStore
  readonly #writer = new Writer(this.store)
  readonly #states = new Map<string, State>()
  #seq = 0

  do({ actor, do: what, by }: Change): void {
    if (what === 'snapshot') return this.#snapshot(actor)
    if (what === 'destroy') return this.#destroy(actor)
    const old = this.#states.get(actor)
    const base = old ?? { n: 0, list: [] }
    const draft = createDraft(base)
    if (what === 'add') draft.state.n += by
    if (what === 'push') draft.state.list.push(by)
    if (what === 'shift') draft.state.list.shift()
    const patch = draft.finish()
    this.#seq += 1
    const turn = (this.#writer.turns.get(actor) ?? 0) + 1
    this.#writer.turns.set(actor, turn)
    this.#writer.build.record({
      kind: RecordKind.turn,
      time: 1000,
      actor,
      turn,
      message: { position: -1, index: this.#seq },
      ...(old === undefined && { state: encodeValue(base) }),
      ...(patch !== undefined && { patch: encodeValue(patch) }),
    })
    this.#writer.inline(actor, 'x')
    this.#commit()
    this.#states.set(actor, (patch === undefined ? base : applyPatch(base, patch)) as State)
  }

  #destroy(actor: string): void {
    if (!this.#states.delete(actor)) return
    this.#writer.build.record({ kind: RecordKind.destroyed, time: 1000, actor })
    this.#commit()
  }

  #snapshot(actor: string): void {
    const found = stateAt(this.store, actor)
    if (isDamage(found) || found.state === undefined) return
    const { position, turn, state } = found
    this.store.writeSnapshot(
      { actor, position, turn, version: 0, state: encodeValue(state.value) },
      1,
    )
  }

  #commit(): void {
    assert.deepEqual(this.#writer.commit().refused, [])
  }
}

/** The slow and obvious fold: every record of the prefix, one after the other. */
function folded(store: HistoryStore, actor: string, until: number): unknown {
  let state: unknown
  for (let position = 1; position <= until; position += 1) {
    const record = store.record(position) as StoredRecord
    if (record.actor !== actor) continue
    if (record.kind === RecordKind.destroyed) state = undefined
    if (record.state !== undefined) state = decodeValue(record.state)
    if (record.patch !== undefined) state = applyPatch(state, decodeValue(record.patch))
  }
  return state
}

test('R4: the state at every position is the fold of the history up to it, snapshots or not', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const life = new Life()
      for (const one of changes) life.do(one)
      for (let at = 0; at <= life.store.position; at += 1) {
        for (const actor of actors) {
          const found = stateAt(life.store, actor, { position: at })
          assert.ok(!isDamage(found))
          assert.deepEqual(found.state?.value, folded(life.store, actor, at), `${actor} at ${at}`)
        }
      }
    }),
    { numRuns: 60 },
  )
})

test('state: blame names the record after which the place was never different again', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const life = new Life()
      for (const one of changes) life.do(one)
      for (const path of ['n', 'list', 'list[0]', '']) {
        const place = parsePlace(path)
        const at = (position: number): unknown =>
          valueAt(folded(life.store, 'cell/a', position), place)
        let last = 0
        for (let position = 1; position <= life.store.position; position += 1) {
          const [before, after] = [at(position - 1), at(position)]
          if ([...differences(before, after)].length > 0) last = position
        }
        const found = blame(life.store, 'cell/a', path)
        assert.ok(found === undefined || !isDamage(found))
        assert.equal(
          (found as { record: StoredRecord } | undefined)?.record.position ?? 0,
          last,
          path,
        )
      }
    }),
    { numRuns: 60 },
  )
})

test('state: places are read as they are spelled', () => {
  const value = {
    entries: [{ amount: 5 }],
    index: new Map<unknown, unknown>([
      ['a)"', { x: 1 }],
      [7n, 'seven'],
    ]),
    tags: new Set(['x']),
    'odd name': { é: 2 },
  }
  const at = (path: string): unknown => valueAt(value, parsePlace(path))
  assert.equal(at('entries[0].amount'), 5)
  assert.equal(at('index.get("a)\\"").x'), 1)
  assert.equal(at('index.get(7n)'), 'seven')
  assert.equal(at('tags{"x"}'), true)
  assert.equal(at('["odd name"].é'), 2)
  assert.equal(at('entries[1].amount'), undefined)
  assert.equal(at('constructor'), undefined)
  assert.equal(at(''), value)
  for (const path of ['a..b', 'a[', 'a b', 'a.get(x y)', '{']) {
    assert.throws(() => parsePlace(path), { code: 'OPTION_INVALID' }, path)
  }
})

test('state: differences of any values name each place once', () => {
  const found = (a: unknown, b: unknown): string[] =>
    [...differences(a, b)].map(
      ({ path, before, after }) => `${before ? '-' : ''}${after ? '+' : ''}${path}`,
    )
  assert.deepEqual(found({ a: 1, b: 2 }, { a: 1, c: 2 }), ['-b', '+c'])
  assert.deepEqual(found([1, 2, 3], [1, 9, 2, 3]), ['+[1]'])
  assert.deepEqual(found({ l: [{ a: 1 }] }, { l: [{ a: 2 }] }), ['-+l[0].a'])
  assert.deepEqual(
    found(new Map([['k', 1]]), new Map([['k', 2]])),
    ['-+.get("k")'].map((x) => x.replace('.get', 'get')),
  )
  assert.deepEqual(found(new Set([1, 2]), new Set([2, 3])), ['-{1}', '+{3}'])
  assert.deepEqual(found(1, { a: 1 }), ['-+'])
  fc.assert(
    fc.property(fc.anything(), (value) => {
      assert.deepEqual(found(value, value), [])
    }),
  )
})

test('troupe state: at a turn and at a position, the change between two, and who changed what', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await writeBank(store)
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await troupe([
      'state',
      store,
      'account/alice',
      '--json',
      ...args,
    ])
    assert.equal(code, 0, stderr)
    return jsonLines(stdout)[0] as Record<string, unknown>
  }
  assert.equal(((await json())['state'] as { balance: number }).balance, 27)
  assert.equal(((await json('--at', 't2'))['state'] as { balance: number }).balance, 57)
  assert.equal(((await json('--at', '1'))['state'] as { balance: number }).balance, 50)
  assert.equal((await json('--at', '0'))['state'], undefined)
  const { changes } = await json('--diff', 't1..t2')
  assert.deepEqual(changes, [
    { path: 'balance', before: 50, after: 57 },
    { path: 'entries[1]', after: { amount: 7, memo: '' } },
  ])
  const balance = await json('--blame', 'balance')
  assert.deepEqual([balance['before'], balance['after']], [57, 27])
  assert.equal((balance['record'] as { name: string }).name, 'transfer')
  assert.equal(((await json('--blame', 'entries[0]'))['record'] as { turn: number }).turn, 1)
  assert.equal((await json('--blame', 'nothing'))['record'], null)
  const text = await troupe(['state', store, 'account/alice', '--diff', 't1..t2'])
  assert.match(
    text.stdout,
    /^- balance {2}50\n\+ balance {2}57\n\+ entries\[1\] {2}\{"amount":7,"memo":""\}$/m,
  )
  const nobody = await troupe(['state', store, 'account/nobody'])
  assert.equal(nobody.code, 2)
  assert.match(nobody.stderr, /no record of this history is of account\/nobody/)
})

test('troupe state: what does not fit is refused as misuse', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await writeBank(store)
  for (const args of [
    ['--at', 't99'],
    ['--at', 'x'],
    ['--diff', '1'],
    ['--diff', '1..2', '--at', '3'],
    ['--blame', 'a..b'],
  ]) {
    const { code, stderr } = await troupe(['state', store, 'account/alice', ...args])
    assert.equal(code, 2, args.join(' '))
    assert.match(stderr, /OPTION_INVALID/)
  }
  assert.equal((await troupe(['state', store, 'alice'])).code, 2)
})

test('D4: a state behind a damaged record is told as damaged, the one before it is shown', async (t) => {
  const store = join(temporaryFolder(t), 'bank.db')
  await writeBank(store)
  const db = connect(store)
  const [last] = db.prepare('SELECT max(position) FROM segments WHERE position <= 6').get() ?? []
  db.exec(`UPDATE segments SET body = zeroblob(length(body)) WHERE position = ${last}`)
  db.close()
  const { code, stdout, stderr } = await troupe(['state', store, 'account/alice'])
  assert.equal(code, 1)
  assert.match(stdout, /damaged/)
  assert.match(stderr, /earlier position/)
  const before = await troupe(['state', store, 'account/alice', '--at', 't2', '--json'])
  assert.equal(before.code, 0)
})
