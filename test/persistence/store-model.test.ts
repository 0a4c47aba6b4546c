/** Random histories, against the naive store, with checkpoints and openings in between. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { changesIn } from '../../persistence/changes.ts'
import { isDamage } from '../../persistence/decode.ts'
import { openMemoryStore } from '../../persistence/memory-store.ts'
import { type MessageRef, noMessage } from '../../persistence/record.ts'
import { openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import type { Store } from '../../persistence/store.ts'
import { bytes, PartFlag, RecordFlag, RecordKind, text, Writer } from './frames.ts'
import { type NaiveMessage, type NaiveRecord, NaiveStore } from './naive-store.ts'
import { checkpoint } from './store-contract.ts'

const names = ['t/a', 't/b', 't/c']
const actorOf = fc.constantFrom(...names)
const topics = fc.constantFrom('x', 'x.y', 'z')
const patterns = fc.constantFrom('x', 'x.*', '**')

const message: fc.Arbitrary<NaiveMessage> = fc.oneof(
  fc.record({
    to: actorOf,
    payload: fc.string({ maxLength: 4 }),
    flags: fc.constant(PartFlag.durable),
  }),
  fc.record({
    to: actorOf,
    payload: fc.string({ maxLength: 4 }),
    flags: fc.constant(PartFlag.durable),
    ownId: fc.constantFrom('i', 'j', 'k'),
  }),
  fc.record({
    to: topics,
    payload: fc.string({ maxLength: 4 }),
    flags: fc.constant(PartFlag.topic),
  }),
)

/** A record before it is known which messages are pending. */
const draft = fc.record({
  kind: fc.constantFrom(
    RecordKind.turn,
    RecordKind.turn,
    RecordKind.turn,
    RecordKind.accept,
    RecordKind.accept,
    RecordKind.stepBegun,
    RecordKind.stepDone,
    RecordKind.parked,
    RecordKind.destroyed,
  ),
  actor: actorOf,
  /** Which waiting message: by place, or one that is not there, or one only in memory. */
  which: fc.oneof(fc.nat(5), fc.constantFrom('none', 'gone', 'memory' as const)),
  turnOff: fc.constantFrom(0, 0, 0, 0, 0, 1),
  flags: fc.constantFrom(
    0,
    0,
    0,
    RecordFlag.stash,
    RecordFlag.unstash,
    RecordFlag.stash | RecordFlag.unstash,
  ),
  rebase: fc.boolean(),
  messages: fc.array(message, { maxLength: 3 }),
  timer: fc.option(fc.constantFrom('set', 'fire', 'misfire' as const), { freq: 3 }),
  subscribe: fc.option(patterns, { freq: 4 }),
  unsubscribe: fc.option(patterns, { freq: 5 }),
})
type Draft = typeof draft extends fc.Arbitrary<infer T> ? T : never

const commands = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: draft },
    { weight: 5, arbitrary: fc.constant('commit' as const) },
    { weight: 1, arbitrary: fc.constant('checkpoint' as const) },
    { weight: 1, arbitrary: fc.constant('again' as const) },
    { weight: 1, arbitrary: fc.constant('snapshot' as const) },
  ),
  { maxLength: 60, size: 'max' },
)

/** Runs commands on a store and on the naive one, side by side. */
class Run {
  readonly naive = new NaiveStore()
  store: Store
  writer: Writer
  readonly #again: () => Store
  /** Reasons the naive store gave for the frame being built. */
  #expected: (string | undefined)[] = []
  #seq = 0

  constructor(store: Store, again: () => Store) {
    this.store = store
    this.writer = new Writer(store)
    this.#again = again
  }

  step(command: Draft | 'commit' | 'checkpoint' | 'again' | 'snapshot'): void {
    if (typeof command !== 'string') {
      this.#record(this.#concrete(command))
      return
    }
    this.#commit()
    if (command === 'checkpoint') checkpoint(this.store, 3)
    if (command === 'snapshot') this.#snapshot()
    if (command === 'again') {
      this.store = this.#again()
      this.writer = new Writer(this.store)
      // A new generation has loaded every actor afresh.
      this.naive.undone.clear()
    }
    this.compare()
  }

  #concrete(from: Draft): NaiveRecord {
    const accepts = from.kind === RecordKind.accept
    const actor = this.naive.actor(from.actor)
    const memory = from.which === 'memory' && !accepts
    const timers = [...this.naive.actors].flatMap(([name, { timers }]) =>
      [...timers].map(([id, due]) => ({
        actor: name,
        id,
        due,
        next: due % 2 === 0 ? 0 : due + 10,
      })),
    )
    const fired = timers[0] && from.timer === 'misfire' ? { ...timers[0], due: -1 } : timers[0]
    const messages = accepts ? from.messages.slice(0, 1) : from.messages
    const rebase = from.rebase && !accepts ? RecordFlag.rebased : 0
    return {
      kind: from.kind,
      actor: accepts ? '' : from.actor,
      turn: actor.turn + 1 + from.turnOff,
      message: accepts ? noMessage : this.#ref(from),
      flags: (from.kind === RecordKind.turn ? from.flags : 0) | rebase,
      patch: `p${this.#seq}`,
      ...(memory ? { inline: `inline ${this.#seq}` } : {}),
      messages: uniqueIds(messages),
      ...(from.timer === 'set' && !accepts
        ? { set: { id: `t${this.#seq % 3}`, due: this.#seq } }
        : {}),
      ...(accepts && fired && from.timer !== null && from.timer !== 'set' ? { fired } : {}),
      ...(from.subscribe && !accepts ? { subscribe: from.subscribe } : {}),
      ...(from.unsubscribe && !accepts ? { unsubscribe: from.unsubscribe } : {}),
    }
  }

  #ref({ which, actor }: Draft): MessageRef {
    const { pending, stash } = this.naive.actor(actor)
    const waiting = [...pending, ...stash]
    this.#seq += 1
    if (which === 'none') return noMessage
    if (which === 'gone') return { position: 10_000, index: 0 }
    if (which === 'memory') return { position: -3, index: this.#seq }
    return waiting[which % (waiting.length || 1)]?.ref ?? noMessage
  }

  #record(record: NaiveRecord): void {
    const { build } = this.writer
    build.record({
      kind: record.kind as typeof RecordKind.turn,
      time: 1,
      actor: record.actor,
      turn: record.turn,
      message: record.message,
      name: 'n',
      lane: 3,
      flags: record.flags,
      ...(record.kind === RecordKind.turn ? { patch: bytes(record.patch) } : {}),
    })
    if (record.inline !== undefined) this.writer.inline(record.actor, record.inline)
    for (const { to, payload, flags, ownId } of record.messages) {
      const more = ownId === undefined ? {} : { ownId }
      build.message({ to, name: 'n', lane: 3, flags, payload: bytes(payload), ...more })
    }
    if (record.fired) build.timerFired(record.fired)
    if (record.set) build.setTimer({ ...record.set, name: 'n', lane: 3 })
    if (record.subscribe) build.subscribe({ pattern: record.subscribe, name: 'n', lane: 3 })
    if (record.unsubscribe) build.unsubscribe(record.unsubscribe)
    this.#expected.push(this.naive.commit(record))
  }

  #commit(): void {
    const ack = this.writer.commit()
    const refused = new Map(ack.refused.map(({ record, reason }) => [record, reason]))
    assert.deepEqual(
      this.#expected.map((_, i) => refused.get(i)),
      this.#expected,
    )
    assert.equal(ack.count, this.#expected.filter((reason) => reason === undefined).length)
    this.#expected = []
  }

  #snapshot(): void {
    for (const actor of names) {
      const loaded = this.store.load(actor, 0)
      const last = isDamage(loaded) ? undefined : loaded.changes.last
      if (last === undefined) continue
      const state = bytes(this.naive.actor(actor).changes.join())
      this.store.writeSnapshot(
        { actor, position: last.position, turn: last.turn, version: 0, state },
        1,
      )
    }
  }

  compare(): void {
    assert.equal(this.store.position, this.naive.position)
    for (const name of names) {
      const loaded = this.store.load(name, 1000)
      assert.ok(!isDamage(loaded))
      const expected = this.naive.actor(name)
      const changed = changesIn(loaded.changes).map(({ patch }) => text(patch))
      const from = loaded.snapshot && text(loaded.snapshot.state)
      assert.deepEqual([...(from ? from.split(',') : []), ...changed], expected.changes)
      assert.equal(loaded.turn, expected.turn)
      assert.deepEqual(
        loaded.pending.messages.map(({ ref, payload }) => ({ ref, payload: text(payload) })),
        expected.pending.map(({ ref, payload }) => ({ ref, payload })),
      )
      assert.deepEqual(
        loaded.stash.map(({ ref }) => ref),
        expected.stash.map(({ ref }) => ref),
      )
      assert.deepEqual(
        loaded.steps.map(({ message: ref, record, done }) => ({
          ref,
          position: record.position,
          done,
        })),
        expected.steps,
      )
      assert.deepEqual(new Map(loaded.timers.map(({ id, due }) => [id, due])), expected.timers)
      assert.deepEqual(
        new Set(loaded.subscriptions.map(({ pattern }) => pattern)),
        expected.patterns,
      )
    }
    for (const [key, state] of this.naive.ownIds) {
      const [to = '', id = ''] = key.split(' ')
      assert.equal(this.store.outcome(to, id).kind, state)
    }
    this.#compareWakeList()
    assert.deepEqual(
      this.store.loadMany(names, 3),
      names.map((name) => this.store.load(name, 3)),
    )
  }

  #compareWakeList(): void {
    const waiting = [...this.naive.actors]
      .filter(([, { pending, stash, timers }]) => pending.length + stash.length + timers.size > 0)
      .map(([actor, { pending, stash, timers }]) => ({
        actor,
        pending: pending.length + stash.length,
        timers: timers.size,
      }))
    const byName = (a: { actor: string }, b: { actor: string }) => (a.actor < b.actor ? -1 : 1)
    assert.deepEqual(
      [...this.store.wakeList(undefined, 100).actors].sort(byName),
      waiting.sort(byName),
    )
  }
}

/** Two equal own ids in one outbox are one message to the writer's own eyes. */
function uniqueIds(messages: readonly NaiveMessage[]): NaiveMessage[] {
  const seen = new Set<string>()
  return messages.filter(({ to, ownId }) => {
    if (ownId === undefined) return true
    const key = `${to} ${ownId}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

test('memory: any history means to the store what it means to arrays and maps', () => {
  fc.assert(
    fc.property(commands, (all) => {
      const store = openMemoryStore({ now: () => 1 })
      const run = new Run(store, () => {
        store.reopen()
        return store
      })
      for (const command of all) run.step(command)
      run.step('again')
    }),
    { numRuns: 500 },
  )
})

test('sqlite: any history means to the store what it means to arrays and maps, opened again as often', () => {
  fc.assert(
    fc.property(commands, (all) => {
      const folder = mkdtempSync(join(tmpdir(), 'troupe-'))
      const file = join(folder, 's.db')
      let store = openSqliteStore(file, { now: () => 1, durability: 'relaxed' })
      try {
        const run = new Run(store, () => {
          store.close()
          store = openSqliteStore(file, { now: () => 1, durability: 'relaxed' })
          return store
        })
        for (const command of all) run.step(command)
        run.step('again')
      } finally {
        store.close()
        rmSync(folder, { recursive: true })
      }
    }),
    { numRuns: 80 },
  )
})
