/**
 * The promises of the `Store` port, as a function: every implementation runs it.
 *
 * `open` gives a fresh store; `again` closes it and opens the same history, where the store has one
 * that outlives it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changesIn } from '../../persistence/changes.ts'
import { encodeCheckpoint } from '../../persistence/checkpoint.ts'
import { isDamage } from '../../persistence/decode.ts'
import { noMessage } from '../../persistence/record.ts'
import { recover } from '../../persistence/recovery.ts'
import type { Store } from '../../persistence/store.ts'
import type { LoadedActor, StoredMessage } from '../../persistence/stored.ts'
import { endTopic } from '../../persistence/topic.ts'
import { bytes, PartFlag, RecordFlag, RecordKind, text, Writer } from './frames.ts'

export interface StoreUnderTest {
  store: Store
  /** Closes and opens again; memory folds its history anew. */
  again(): Store
  dispose(): void
}

export interface StoreFactory {
  readonly name: string
  open(options?: { now?: () => number }): StoreUnderTest
}

const a = 'account/a'
const b = 'account/b'

function load(store: Store, actor: string, limit = 100): LoadedActor {
  const loaded = store.load(actor, limit)
  if (isDamage(loaded)) assert.fail(loaded.detail)
  return loaded
}

function payloads(messages: readonly (StoredMessage | object)[]): (string | undefined)[] {
  return messages.map((message) => text((message as StoredMessage).payload))
}

function pendingOf(store: Store, actor: string): (string | undefined)[] {
  return payloads(load(store, actor).pending.messages)
}

/** The store as it is, then as it is when opened again. */
function* beforeAndAfter(under: StoreUnderTest): Generator<Store> {
  yield under.store
  yield under.again()
}

export function storeContract(factory: StoreFactory): void {
  const promise = (
    name: string,
    body: (under: StoreUnderTest, clock: { now: number }) => void,
  ): void => {
    test(`${factory.name}: ${name}`, () => {
      const clock = { now: 1_000_000 }
      const under = factory.open({ now: () => clock.now })
      try {
        body(under, clock)
      } finally {
        under.dispose()
      }
    })
  }

  promise('positions are gapless from 1 and an empty store is at 0', ({ store }) => {
    assert.equal(store.position, 0)
    const writer = new Writer(store)
    writer.accept(a, 'one')
    writer.accept(a, 'two')
    assert.equal(writer.commit().base, 1)
    writer.accept(a, 'three')
    const ack = writer.commit()
    assert.deepEqual([ack.base, ack.count, store.position], [3, 1, 3])
  })

  promise(
    'D1: a turn is one record: it consumes, changes state, sends, and answers',
    ({ store }) => {
      const writer = new Writer(store)
      writer.accept(a, 'in')
      writer.commit()
      writer.turn(a, { position: 1, index: 0 }, 'patch')
      writer.send(b, 'out', PartFlag.durable, a)
      writer.build.reply(bytes('answer'))
      writer.commit()
      assert.deepEqual(pendingOf(store, a), [])
      assert.deepEqual(pendingOf(store, b), ['out'])
      assert.equal(load(store, a).turn, 1)
      assert.deepEqual(
        changesIn(load(store, a).changes).map(({ patch }) => text(patch)),
        ['patch'],
      )
      const record = store.record(2)
      assert.ok(record !== undefined && !isDamage(record))
      assert.equal(record.actor, a)
      assert.deepEqual(record.message, { position: 1, index: 0 })
      assert.deepEqual(
        record.parts.map(({ kind }) => kind),
        [32, 34],
      )
    },
  )

  promise('every field of a record and its parts reads back as written', ({ store }) => {
    const writer = new Writer(store)
    const { build } = writer
    build.record({
      kind: RecordKind.turn,
      time: 2 ** 41 + 7,
      actor: a,
      turn: 1,
      version: 513,
      message: { position: -9, index: 4_000_000_000 },
      lane: 2,
      sender: b,
      name: 'add',
      state: bytes('state'),
      patch: bytes('patch'),
      meta: bytes('meta'),
      inputs: bytes('inputs'),
      error: bytes('error'),
      step: bytes('step'),
      result: bytes('result'),
      flags: RecordFlag.failed,
    })
    build.message({
      to: a,
      from: b,
      name: 'add',
      lane: 2,
      flags: PartFlag.inline | PartFlag.ask,
      deadline: 1.5e12,
      version: 3,
      cause: { position: -2, index: 8 },
      ownId: 'öwn',
      header: bytes('header'),
      payload: bytes('payload'),
    })
    build.setTimer({ id: 't', name: 'tick', lane: 1, due: 5e12, every: 250, version: 2 })
    build.cancelTimer('u')
    build.subscribe({ pattern: 'x.**', name: 'heard', lane: 4 })
    build.unsubscribe('y')
    build.reply(bytes('no'), true)
    assert.deepEqual(writer.commit().refused, [])
    const record = store.record(1)
    assert.ok(record !== undefined && !isDamage(record))
    const { parts, ...rest } = record
    assert.deepEqual(rest, {
      kind: RecordKind.turn,
      position: 1,
      time: 2 ** 41 + 7,
      actor: a,
      previous: 0,
      turn: 1,
      version: 513,
      message: { position: -9, index: 4_000_000_000 },
      lane: 2,
      sender: b,
      name: 'add',
      flags: RecordFlag.failed | RecordFlag.whole,
      state: record.state,
      patch: record.patch,
      meta: record.meta,
      inputs: record.inputs,
      error: record.error,
      step: record.step,
      result: record.result,
    })
    const sections = ['state', 'patch', 'meta', 'inputs', 'error', 'step', 'result'] as const
    for (const section of sections) assert.equal(text(record[section]), section)
    const [message, timer, cancelled, subscribed, unsubscribed, reply] = parts
    assert.ok(message?.kind === 32)
    assert.equal(text(message.message.header), 'header')
    assert.equal(text(message.message.payload), 'payload')
    assert.deepEqual(
      { ...message.message, header: 0, payload: 0 },
      {
        ref: { position: -9, index: 4_000_000_000 },
        at: { position: 1, index: 0 },
        to: a,
        from: b,
        name: 'add',
        lane: 2,
        flags: PartFlag.inline | PartFlag.ask | PartFlag.ownId,
        deadline: 1.5e12,
        version: 3,
        cause: { position: -2, index: 8 },
        time: 2 ** 41 + 7,
        ownId: 'öwn',
        header: 0,
        payload: 0,
      },
    )
    assert.ok(timer?.kind === 35)
    assert.deepEqual(
      { ...timer, payload: 0 },
      {
        kind: 35,
        actor: a,
        id: 't',
        name: 'tick',
        lane: 1,
        due: 5e12,
        every: 250,
        version: 2,
        payload: 0,
      },
    )
    assert.deepEqual(cancelled, { kind: 36, actor: a, id: 'u' })
    assert.deepEqual(subscribed, { kind: 38, actor: a, pattern: 'x.**', name: 'heard', lane: 4 })
    assert.deepEqual(unsubscribed, { kind: 39, actor: a, pattern: 'y' })
    assert.ok(reply?.kind === 34 && reply.failed && text(reply.value) === 'no')
  })

  promise(
    'a message consumed twice is refused the second time, and its actor until it rebases',
    ({ store }) => {
      const writer = new Writer(store)
      writer.accept(a, 'x')
      writer.accept(a, 'y')
      writer.commit()
      writer.turn(a, { position: 1, index: 0 }, 'p1')
      writer.turn(a, { position: 1, index: 0 }, 'p2')
      writer.turn(a, { position: 2, index: 0 }, 'p3')
      writer.turn(b, noMessage, 'other')
      const ack = writer.commit()
      assert.deepEqual(
        ack.refused.map(({ record, reason }) => [record, reason]),
        [
          [1, 'not-pending'],
          [2, 'after-refused'],
        ],
      )
      assert.equal(ack.count, 2)
      assert.equal(load(store, b).turn, 1)
      writer.turns.set(a, 1)
      writer.turn(a, { position: 2, index: 0 }, 'late')
      assert.deepEqual(
        writer.commit().refused.map(({ reason }) => reason),
        ['after-refused'],
      )
      writer.turns.set(a, 1)
      writer.turn(a, { position: 2, index: 0 }, 'rebased', RecordFlag.rebased)
      assert.deepEqual(writer.commit().refused, [])
      assert.deepEqual(
        changesIn(load(store, a).changes).map(({ patch }) => text(patch)),
        ['p1', 'rebased'],
      )
    },
  )

  promise('F4: a new generation of the slot has loaded afresh and need not rebase', ({ store }) => {
    const old = new Writer(store, 1)
    old.turn(a, { position: 9, index: 0 }, 'never')
    assert.equal(old.commit().refused.length, 1)
    const young = new Writer(store, 1)
    young.turn(a, noMessage, 'first')
    assert.deepEqual(young.commit().refused, [])
  })

  promise('nothing a refused record says exists, also after opening again', (under) => {
    const writer = new Writer(under.store)
    writer.turn(a, { position: 77, index: 0 }, 'never')
    writer.send(b, 'never')
    writer.build.setTimer({ id: 't', name: 'tick', lane: 3, due: 1 })
    writer.build.subscribe({ pattern: '**', name: 'heard', lane: 3 })
    writer.accept(b, 'real')
    const ack = writer.commit()
    assert.deepEqual([ack.base, ack.count, ack.refused.length], [1, 1, 1])
    for (const store of beforeAndAfter(under)) {
      assert.equal(store.position, 1)
      assert.deepEqual(pendingOf(store, b), ['real'])
      assert.equal(store.nextDue(), undefined)
      const loaded = load(store, a)
      assert.deepEqual(
        [loaded.turn, changesIn(loaded.changes).length, loaded.subscriptions.length],
        [0, 0, 0],
      )
    }
  })

  promise('D5: one bad record is refused alone, whatever is wrong with it', ({ store }) => {
    const writer = new Writer(store)
    writer.accept(a, 'good')
    writer.build.record({ kind: RecordKind.turn, time: 1, name: 'add', turn: 1 })
    writer.build.record({ kind: 99 as 1, time: 1, actor: a })
    writer.accept('no-address', 'x')
    writer.accept(a, 'good too')
    const ack = writer.commit()
    assert.deepEqual(
      ack.refused.map(({ record, reason }) => [record, reason]),
      [
        [1, 'malformed'],
        [2, 'malformed'],
        [3, 'malformed'],
      ],
    )
    assert.deepEqual(pendingOf(store, a), ['good', 'good too'])
  })

  promise(
    'D5: a directory cut short or pointing outside its frame is refused, not written',
    ({ store }) => {
      const writer = new Writer(store)
      writer.accept(a, 'whole')
      writer.accept(a, 'cut')
      const frame = writer.frame()
      const cut = { ...frame, directory: frame.directory.subarray(0, 192) }
      const outside = { ...frame, seq: 2, body: frame.body.subarray(0, 5) }
      const [first, second] = store.commit([cut, outside])
      assert.deepEqual(
        first?.refused.map(({ record, reason }) => [record, reason]),
        [[1, 'malformed']],
      )
      assert.deepEqual(
        second?.refused.map(({ record, reason }) => [record, reason]),
        [[1, 'malformed']],
      )
      assert.deepEqual(pendingOf(store, a), ['whole', 'whole'])
    },
  )

  promise(
    'a turn number that does not follow is refused: nothing is folded onto another state',
    ({ store }) => {
      const writer = new Writer(store)
      writer.turn(a, noMessage, 'first')
      writer.commit()
      writer.turns.set(a, 5)
      writer.turn(a, noMessage, 'sixth')
      assert.deepEqual(
        writer.commit().refused.map(({ reason }) => reason),
        ['turn-mismatch'],
      )
    },
  )

  promise('F4: an older epoch of a slot is fenced whole, also after opening again', (under) => {
    const old = new Writer(under.store, 3)
    old.accept(a, 'before')
    old.commit()
    const young = new Writer(under.store, 3)
    old.accept(a, 'from the past')
    assert.equal(old.commit().status, 'fenced')
    young.accept(a, 'after')
    assert.equal(young.commit().status, 'committed')
    const store = under.again()
    old.build.discard()
    old.accept(a, 'from the past')
    const [ack] = store.commit([old.frame()])
    assert.equal(ack?.status, 'fenced')
    assert.equal(store.beginEpoch(3), 3)
    assert.deepEqual(pendingOf(store, a), ['before', 'after'])
  })

  promise('a frame that is not the next of its client is not written', ({ store }) => {
    const writer = new Writer(store)
    writer.accept(a, 'one')
    const first = writer.frame()
    writer.accept(a, 'two')
    const second = writer.frame()
    assert.deepEqual(
      store.commit([second]).map(({ status }) => status),
      ['out-of-order'],
    )
    assert.deepEqual(
      store.commit([first, second, first]).map(({ status }) => status),
      ['committed', 'committed', 'out-of-order'],
    )
    assert.deepEqual(pendingOf(store, a), ['one', 'two'])
  })

  promise(
    'T2: pending messages come back in the order they were accepted, page by page',
    (under) => {
      const writer = new Writer(under.store)
      const expected = Array.from({ length: 25 }, (_, i) => `m${i}`)
      for (const payload of expected) {
        writer.accept(a, payload, { lane: (payload.length % 3) + 1 })
        if (payload.endsWith('7')) writer.commit()
      }
      writer.commit()
      for (const store of beforeAndAfter(under)) {
        const first = load(store, a, 10).pending
        const all = [...payloads(first.messages)]
        for (let next = first.next; next !== undefined; ) {
          const page = store.pending(a, next, 10)
          all.push(...payloads(page.messages))
          next = page.next
        }
        assert.deepEqual(all, expected)
      }
    },
  )

  promise(
    'T2: stashed messages stay pending, in stash order, until unstashed or consumed',
    (under) => {
      const writer = new Writer(under.store)
      for (const payload of ['0', '1', '2', '3']) writer.accept(a, payload)
      writer.commit()
      writer.turn(a, { position: 3, index: 0 }, 's', RecordFlag.stash)
      writer.turn(a, { position: 1, index: 0 }, 's', RecordFlag.stash)
      writer.inlineTurn(a, { position: -5, index: 1 }, 's', RecordFlag.stash)
      writer.commit()
      let store = under.store
      for (let round = 0; round < 2; round += 1) {
        assert.deepEqual(payloads(load(store, a).stash), ['2', '0', 'payload of -5.1'])
        assert.deepEqual(pendingOf(store, a), ['1', '3'])
        store = under.again()
      }
      const next = new Writer(store)
      next.turns.set(a, 3)
      next.turn(a, { position: 1, index: 0 }, 'done')
      next.commit()
      assert.deepEqual(payloads(load(store, a).stash), ['2', 'payload of -5.1'])
      next.turn(a, { position: 2, index: 0 }, 'free', RecordFlag.unstash)
      next.commit()
      assert.deepEqual(payloads(load(store, a).stash), [])
      // One that was in hand before it was in the store stands before all that waits.
      assert.deepEqual(pendingOf(store, a), ['payload of -5.1', '2', '3'])
    },
  )

  promise(
    'D2: steps of a pending message come back in order, and go when it is consumed',
    (under) => {
      const writer = new Writer(under.store)
      const message = { position: -4, index: 9 }
      const step = (kind: 3 | 4, name: string) =>
        writer.build.record({ kind, time: 1, actor: a, message, name, lane: 3, step: bytes(name) })
      step(RecordKind.stepBegun, 'pay')
      writer.inline(a, 'the message in hand')
      step(RecordKind.stepBegun, 'mail')
      step(RecordKind.stepDone, 'mail')
      assert.deepEqual(writer.commit().refused, [])
      for (const store of beforeAndAfter(under)) {
        const loaded = load(store, a)
        assert.deepEqual(payloads(loaded.pending.messages), ['the message in hand'])
        assert.deepEqual(loaded.pending.messages[0]?.ref, message)
        assert.deepEqual(
          loaded.steps.map(({ done, record }) => [done, record.name]),
          [
            [false, 'pay'],
            [false, 'mail'],
            [true, 'mail'],
          ],
        )
      }
      const store = under.again()
      const next = new Writer(store)
      next.turn(a, message, 'end')
      assert.deepEqual(next.commit().refused, [])
      assert.deepEqual(load(store, a).steps, [])
      assert.deepEqual(pendingOf(store, a), [])
      next.build.record({ kind: RecordKind.stepDone, time: 1, actor: a, message, name: 'pay' })
      assert.deepEqual(
        next.commit().refused.map(({ reason }) => reason),
        ['not-pending'],
      )
    },
  )

  promise(
    'D2: a re-run finds the answer of an ask that was committed while it was away',
    (under) => {
      const writer = new Writer(under.store)
      writer.accept(a, 'work')
      writer.commit()
      const message = { position: 1, index: 0 }
      writer.build.record({ kind: RecordKind.stepBegun, time: 1, actor: a, message, name: 'ask' })
      const index = writer.send(b, 'question', PartFlag.durable | PartFlag.ask, a)
      writer.commit()
      assert.equal(load(under.store, a).steps[0]?.answer, undefined)
      writer.turn(b, { position: 2, index }, 'p')
      writer.build.reply(bytes('answer'))
      writer.commit()
      for (const store of beforeAndAfter(under)) {
        const answer = load(store, a).steps[0]?.answer
        const reply = answer?.parts[0]
        assert.ok(reply?.kind === 34)
        assert.equal(text(reply.value), 'answer')
      }
    },
  )

  promise(
    'an own id is accepted once, answers with its outcome, and is free again after 24 h',
    (under, clock) => {
      const writer = new Writer(under.store)
      writer.accept(a, 'first', { ownId: 'order-7' })
      writer.accept(b, 'another receiver', { ownId: 'order-7' })
      writer.commit()
      const retry = () => {
        writer.accept(a, 'retry', { ownId: 'order-7' })
        return writer.commit()
      }
      const [refused] = retry().refused
      assert.deepEqual(
        [refused?.reason, refused?.ownId, refused?.position],
        ['duplicate', 'order-7', 1],
      )
      assert.deepEqual(under.store.outcome(a, 'order-7'), {
        kind: 'pending',
        message: { position: 1, index: 0 },
      })
      clock.now += 25 * 3600_000
      assert.equal(retry().refused.length, 1, 'pending ids do not expire')
      writer.turn(a, { position: 1, index: 0 }, 'p')
      writer.build.reply(bytes('done'))
      assert.deepEqual(writer.commit().settled, [{ actor: a, ownId: 'order-7', position: 3 }])
      clock.now -= 2 * 3600_000
      for (const store of beforeAndAfter(under)) {
        const outcome = store.outcome(a, 'order-7')
        assert.ok(outcome.kind === 'done')
        assert.ok(outcome.record.parts[0]?.kind === 34)
        assert.equal(text(outcome.record.parts[0].value), 'done')
        assert.deepEqual(store.outcome(a, 'unheard of'), { kind: 'unknown' })
      }
      clock.now += 2 * 3600_000
      const store = under.again()
      assert.deepEqual(store.outcome(a, 'order-7'), { kind: 'unknown' })
      const later = new Writer(store)
      later.accept(a, 'a new one', { ownId: 'order-7' })
      assert.deepEqual(later.commit().refused, [])
    },
  )

  promise('an own id whose turn is committed with its message is settled at once', ({ store }) => {
    const writer = new Writer(store)
    const handle = (seq: number) => {
      writer.turn(a, { position: -1, index: seq }, 'p')
      const flags = PartFlag.inline | PartFlag.durable
      writer.build.message({ to: a, name: 'add', lane: 3, flags, ownId: 'once' })
    }
    handle(1)
    assert.deepEqual(writer.commit().settled, [{ actor: a, ownId: 'once', position: 1 }])
    handle(2)
    assert.deepEqual(
      writer.commit().refused.map(({ reason }) => reason),
      ['duplicate'],
    )
  })

  promise('a duplicate in an outbox is dropped and the turn stands', (under) => {
    const writer = new Writer(under.store)
    for (let i = 0; i < 2; i += 1) {
      writer.turn(a, noMessage, `p${i}`)
      writer.build.message({
        to: b,
        name: 'add',
        lane: 3,
        flags: PartFlag.durable,
        ownId: 'x',
        payload: bytes(`${i}`),
      })
      writer.send(b, `also ${i}`)
    }
    const ack = writer.commit()
    assert.deepEqual(ack.refused, [])
    assert.deepEqual(ack.dropped, [{ message: { position: 2, index: 0 }, ownId: 'x', position: 1 }])
    for (const store of beforeAndAfter(under)) {
      assert.deepEqual(pendingOf(store, b), ['0', 'also 0', 'also 1'])
    }
  })

  promise('a published message is pending once for each durable subscriber', (under) => {
    const writer = new Writer(under.store)
    writer.turn(a, noMessage, 'p')
    writer.build.subscribe({ pattern: 'order.*', name: 'one', lane: 2 })
    writer.build.subscribe({ pattern: '**', name: 'all', lane: 2 })
    writer.turn(b, noMessage, 'p')
    writer.build.subscribe({ pattern: 'order.created', name: 'created', lane: 3 })
    writer.build.record({ kind: RecordKind.accept, time: 5 })
    writer.build.message({
      to: 'order.created',
      name: 'm',
      lane: 3,
      flags: PartFlag.topic,
      payload: bytes('news'),
    })
    const ack = writer.commit()
    assert.deepEqual(ack.published, [{ message: { position: 3, index: 0 }, to: [a, b] }])
    for (const store of beforeAndAfter(under)) {
      const [forA, ...more] = load(store, a).pending.messages
      assert.deepEqual(more, [])
      assert.deepEqual(
        [forA?.to, forA?.topic, forA?.name, forA?.lane],
        [a, 'order.created', 'one', 2],
      )
      assert.equal(load(store, b).pending.messages[0]?.name, 'created')
    }
    const store = under.again()
    const next = new Writer(store)
    next.turns.set(a, 1)
    next.turn(a, { position: 3, index: 0 }, 'heard')
    next.build.unsubscribe('**')
    next.build.unsubscribe('order.*')
    next.build.record({ kind: RecordKind.accept, time: 5 })
    next.build.message({ to: 'order.created', name: 'm', lane: 3, flags: PartFlag.topic })
    assert.deepEqual(
      next.commit().published.map(({ to }) => to),
      [[b]],
    )
    assert.deepEqual(pendingOf(store, a), [])
    assert.equal(pendingOf(store, b).length, 2)
  })

  promise('D8: a timer fires once for each due time, whoever tries', (under) => {
    const writer = new Writer(under.store)
    writer.turn(a, noMessage, 'p')
    writer.build.setTimer({
      id: 'tick',
      name: 'tick',
      lane: 3,
      due: 500,
      every: 100,
      payload: bytes('tock'),
    })
    writer.build.setTimer({ id: 'once', name: 'once', lane: 3, due: 300 })
    writer.commit()
    assert.equal(under.store.nextDue(), 300)
    const fire = (id: string, due: number, next: number) => {
      writer.build.record({ kind: RecordKind.accept, time: due })
      writer.build.timerFired({ actor: a, id, due, next })
      writer.send(a, id)
      return writer.commit().refused.map(({ reason }) => reason)
    }
    assert.deepEqual(fire('once', 300, 0), [])
    assert.deepEqual(fire('once', 300, 0), ['timer-not-due'])
    assert.deepEqual(fire('tick', 500, 900), [])
    assert.deepEqual(fire('tick', 500, 900), ['timer-not-due'])
    for (const store of beforeAndAfter(under)) {
      assert.deepEqual(pendingOf(store, a), ['once', 'tick'])
      assert.equal(load(store, a).timers.length, 1)
      assert.equal(store.stats().timers, 1)
    }
  })

  for (const taken of ['turn', 'stash', 'parked'] as const) {
    promise(`D8: a timer is due again when its tick was taken (${taken}), not before`, (under) => {
      const first = new Writer(under.store)
      first.turn(a, noMessage, 'p')
      const payload = bytes('tock')
      first.build.setTimer({ id: 't', name: 'tick', lane: 3, due: 500, every: 100, payload })
      first.build.record({ kind: RecordKind.accept, time: 500 })
      first.build.timerFired({ actor: a, id: 't', due: 500, next: 900 })
      first.send(a, 'tick')
      first.commit()
      checkpoint(under.store, 3)
      for (const store of beforeAndAfter(under)) {
        assert.equal(store.nextDue(), undefined)
        assert.deepEqual(store.dueTimers(1e9, 10), [])
      }
      const writer = new Writer(under.store)
      const [tick] = load(under.store, a).pending.messages
      const message = tick?.ref ?? noMessage
      writer.turns.set(a, 1)
      if (taken === 'parked') {
        writer.build.record({ kind: RecordKind.parked, time: 1, actor: a, message })
      } else writer.turn(a, message, 'p', taken === 'stash' ? RecordFlag.stash : 0)
      assert.deepEqual(writer.commit().refused, [])
      for (const store of beforeAndAfter(under)) {
        assert.equal(store.nextDue(), 900)
        assert.deepEqual(store.dueTimers(899, 10), [])
        const [timer] = store.dueTimers(900, 10)
        assert.deepEqual(
          [timer?.actor, timer?.id, timer?.due, timer?.every, text(timer?.payload)],
          [a, 't', 900, 100, 'tock'],
        )
      }
    })
  }

  promise(
    'a destroyed actor starts afresh: no state, timers or subscriptions; pending messages wait',
    (under) => {
      const writer = new Writer(under.store)
      writer.accept(a, 'still here')
      writer.turn(a, noMessage, 'old')
      writer.build.setTimer({ id: 't', name: 'tick', lane: 3, due: 1 })
      writer.build.subscribe({ pattern: '**', name: 'all', lane: 3 })
      writer.build.record({ kind: RecordKind.destroyed, time: 1, actor: a })
      writer.turn(a, noMessage, 'new')
      assert.deepEqual(writer.commit().refused, [])
      under.store.writeSnapshot(
        { actor: a, position: 2, turn: 1, version: 1, state: bytes('old') },
        0,
      )
      for (const store of beforeAndAfter(under)) {
        const loaded = load(store, a)
        assert.deepEqual(
          changesIn(loaded.changes).map(({ patch }) => text(patch)),
          ['new'],
        )
        assert.deepEqual(
          [loaded.snapshot, loaded.timers, loaded.subscriptions, loaded.turn],
          [undefined, [], [], 2],
        )
        assert.deepEqual(payloads(loaded.pending.messages), ['still here'])
      }
    },
  )

  promise(
    'F6: the end of an actor is pending for who watches it, once, and answers who comes late',
    (under) => {
      const writer = new Writer(under.store)
      const watch = (actor: string, who: string): void => {
        writer.turn(actor, noMessage, 'watch')
        writer.build.subscribe({ pattern: endTopic(who), name: 'ended', lane: 3 })
        writer.send(actor, `${who} was gone`, PartFlag.durable | PartFlag.ifEnded, who)
      }
      const end = (actor: string): void => {
        writer.build.record({ kind: RecordKind.destroyed, time: 1, actor })
        writer.send(actor, `${actor} ends`, PartFlag.end, actor)
      }
      writer.turn(b, noMessage, 'lives')
      watch(a, b)
      watch('account/early', 'account/never')
      const { dropped } = writer.commit()
      assert.deepEqual(
        dropped.map(({ message }) => message),
        [
          { position: 2, index: 0 },
          { position: 3, index: 0 },
        ],
      )
      end(b)
      watch('account/late', b)
      const { published, dropped: none } = writer.commit()
      assert.deepEqual(published, [{ message: { position: 4, index: 0 }, to: [a] }])
      assert.deepEqual(none, [], 'in the same frame')
      watch('account/later', b)
      writer.commit()
      for (const store of beforeAndAfter(under)) {
        assert.deepEqual(pendingOf(store, a), ['account/b ends'])
        assert.equal(load(store, a).pending.messages[0]?.name, 'ended')
        assert.deepEqual(pendingOf(store, 'account/late'), ['account/b was gone'])
        assert.deepEqual(pendingOf(store, 'account/later'), ['account/b was gone'])
        assert.deepEqual(pendingOf(store, 'account/early'), [])
        assert.deepEqual(pendingOf(store, b), [])
        assert.deepEqual(
          [b, a, 'account/never'].map((actor) => store.hasEnded(actor)),
          [true, false, false],
        )
      }
      const next = new Writer(under.store)
      next.turns.set(b, 1)
      next.turn(b, noMessage, 'back')
      next.turn('account/last', noMessage, 'watch')
      next.send('account/last', 'was gone', PartFlag.durable | PartFlag.ifEnded, b)
      assert.equal(next.commit().dropped.length, 1)
      assert.equal(under.store.hasEnded(b), false)
    },
  )

  promise('parked messages are consumed and stay readable', (under) => {
    const writer = new Writer(under.store)
    writer.accept(a, 'poison')
    writer.commit()
    const message = { position: 1, index: 0 }
    writer.build.record({
      kind: RecordKind.parked,
      time: 1,
      actor: a,
      message,
      error: bytes('why'),
    })
    writer.commit()
    const store = under.again()
    assert.deepEqual(pendingOf(store, a), [])
    const parked = store.record(2)
    assert.ok(parked !== undefined && !isDamage(parked))
    assert.deepEqual([text(parked.error), parked.message], ['why', message])
  })

  promise(
    'D4: exactly the changes after the snapshot are folded, neither none nor twice',
    (under) => {
      const writer = new Writer(under.store)
      for (let i = 1; i <= 5; i += 1) writer.turn(a, noMessage, `p${i}`)
      writer.commit()
      under.store.writeSnapshot(
        { actor: a, position: 4, turn: 4, version: 1, state: bytes('s4'), meta: bytes('m4') },
        100,
      )
      for (const store of beforeAndAfter(under)) {
        const loaded = load(store, a)
        assert.deepEqual([text(loaded.snapshot?.state), text(loaded.snapshot?.meta)], ['s4', 'm4'])
        assert.deepEqual([loaded.snapshot?.turn, loaded.snapshot?.version], [4, 1])
        assert.deepEqual(
          changesIn(loaded.changes).map(({ patch }) => text(patch)),
          ['p5'],
        )
      }
    },
  )

  promise('three snapshots of an actor are kept, newest first', ({ store }) => {
    const writer = new Writer(store)
    for (let i = 1; i <= 5; i += 1) writer.turn(a, noMessage, `p${i}`)
    writer.commit()
    for (const position of [1, 2, 4, 3, 5]) {
      store.writeSnapshot(
        { actor: a, position, turn: position, version: 1, state: bytes(`s${position}`) },
        1,
      )
    }
    assert.deepEqual(
      store.snapshots(a).map(({ state }) => text(state)),
      ['s5', 's4', 's3'],
    )
  })

  promise('D4: a record with a whole state starts the fold', ({ store }) => {
    const writer = new Writer(store)
    writer.turn(a, noMessage, 'p1')
    writer.build.record({
      kind: RecordKind.turn,
      time: 1,
      actor: a,
      turn: 2,
      version: 2,
      state: bytes('migrated'),
      patch: bytes('p2'),
    })
    writer.commit()
    const { changes, snapshot } = load(store, a)
    assert.equal(snapshot, undefined)
    assert.deepEqual(
      changesIn(changes).map(({ state, patch, version }) => [text(state), text(patch), version]),
      [['migrated', 'p2', 2]],
    )
  })

  promise(
    'D3: a snapshot is due when the records outgrow 64 KiB and the last snapshot',
    ({ store }) => {
      const writer = new Writer(store)
      const big = 'x'.repeat(20_000)
      for (let i = 0; i < 3; i += 1) writer.turn(a, noMessage, big)
      writer.commit()
      assert.deepEqual(store.dueSnapshots(10), [])
      writer.turn(a, noMessage, big)
      writer.commit()
      const [due] = store.dueSnapshots(10)
      assert.equal(due?.actor, a)
      const state = bytes('y'.repeat(100_000))
      store.writeSnapshot({ actor: a, position: 4, turn: 4, version: 1, state }, due?.bytes ?? 0)
      assert.deepEqual(store.dueSnapshots(10), [])
      for (let i = 0; i < 4; i += 1) writer.turn(a, noMessage, big)
      writer.commit()
      assert.deepEqual(store.dueSnapshots(10), [], 'the snapshot is larger than the records since')
      writer.turn(a, noMessage, big)
      writer.commit()
      assert.equal(store.dueSnapshots(10).length, 1)
    },
  )

  promise(
    'D3: a record with a whole state counts as a snapshot, a tombstone as none',
    ({ store }) => {
      const writer = new Writer(store)
      const big = 'x'.repeat(60_000)
      writer.turn(a, noMessage, big)
      const state = bytes('y'.repeat(100_000))
      writer.turns.set(a, 2)
      writer.build.record({ kind: RecordKind.turn, time: 1, actor: a, turn: 2, state })
      writer.turn(a, noMessage, big)
      writer.commit()
      assert.deepEqual(store.dueSnapshots(10), [])
      writer.build.record({ kind: RecordKind.destroyed, time: 1, actor: a })
      writer.turn(a, noMessage, big)
      writer.commit()
      assert.deepEqual(store.dueSnapshots(10), [])
      writer.turn(a, noMessage, big)
      writer.commit()
      assert.equal(store.dueSnapshots(10).length, 1)
    },
  )

  promise('F4: what a dead host committed and nobody handled is listed in order', ({ store }) => {
    const host = new Writer(store, 1)
    const other = new Writer(store, 2)
    host.accept(b, '1')
    host.accept(a, '2')
    host.commit()
    other.accept(a, 'not mine')
    other.commit()
    host.accept(a, '3')
    host.commit()
    other.turn(a, { position: 2, index: 0 }, 'p')
    other.commit()
    assert.deepEqual(payloads(store.unreleased(1, host.epoch)), ['1', '3'])
    assert.deepEqual(store.unreleased(1, host.epoch + 1), [])
  })

  promise(
    'the wake list names every actor with waiting work, page by page, without payloads',
    (under) => {
      const writer = new Writer(under.store)
      for (let i = 0; i < 7; i += 1) writer.accept(`account/${i}`, 'x')
      writer.accept('account/0', 'x')
      writer.turn(b, noMessage, 'p')
      writer.build.setTimer({ id: 't', name: 'tick', lane: 3, due: 1 })
      writer.turn(a, noMessage, 'idle')
      writer.commit()
      const store = under.again()
      const found = new Map<string, number>()
      let page = store.wakeList(undefined, 3)
      for (;;) {
        for (const { actor, pending, timers } of page.actors)
          found.set(actor, pending + timers * 100)
        if (page.next === undefined) break
        page = store.wakeList(page.next, 3)
      }
      assert.deepEqual(Object.fromEntries(found), {
        'account/0': 2,
        'account/1': 1,
        'account/2': 1,
        'account/3': 1,
        'account/4': 1,
        'account/5': 1,
        'account/6': 1,
        [b]: 100,
      })
    },
  )

  promise('origins and epochs are never given out twice', (under) => {
    assert.equal(under.store.reserveOrigins(3), 1)
    assert.equal(under.store.reserveOrigins(1), 4)
    assert.equal(under.store.beginEpoch(8), 1)
    const store = under.again()
    assert.equal(store.reserveOrigins(1), 5)
    assert.equal(store.beginEpoch(8), 2)
  })

  promise('D7: boot from a checkpoint gives what folding the whole history gives', (under) => {
    const writer = new Writer(under.store)
    writer.turn(a, noMessage, 'p')
    writer.build.setTimer({ id: 't', name: 'tick', lane: 3, due: 70, every: 7 })
    writer.build.subscribe({ pattern: 'x.*', name: 'heard', lane: 3 })
    for (let i = 0; i < 9; i += 1) writer.accept(b, `m${i}`)
    writer.turn(b, { position: 3, index: 0 }, 's', RecordFlag.stash)
    writer.build.record({
      kind: RecordKind.stepBegun,
      time: 1,
      actor: b,
      message: { position: 2, index: 0 },
      name: 's',
    })
    writer.send(a, 'question', PartFlag.durable | PartFlag.ask, b)
    writer.commit()
    checkpoint(under.store, 3)
    writer.accept(a, 'after')
    writer.build.record({ kind: RecordKind.accept, time: 5 })
    writer.build.message({
      to: 'x.y',
      name: 'm',
      lane: 3,
      flags: PartFlag.topic,
      payload: bytes('news'),
    })
    writer.turn(a, { position: 12, index: 0 }, 'p')
    writer.commit()
    const seen = (store: Store) => ({
      a: strip(load(store, a)),
      b: strip(load(store, b)),
      due: store.dueTimers(1000, 10),
      stats: { ...store.stats(), resident: 0, bytes: 0 },
    })
    const before = seen(under.store)
    assert.equal(before.b.steps[0]?.answer?.position, 15)
    assert.deepEqual(seen(under.again()), before)
  })

  promise('D7: a checkpoint lets actors without waiting work leave memory', ({ store }) => {
    const writer = new Writer(store)
    for (let i = 0; i < 50; i += 1) writer.turn(`account/${i}`, noMessage, 'p')
    writer.accept(a, 'waits')
    writer.commit()
    checkpoint(store, 10)
    assert.equal(store.stats().resident, 1)
    writer.turn('account/7', noMessage, 'again')
    assert.deepEqual(writer.commit().refused, [])
    assert.deepEqual(
      changesIn(load(store, 'account/7').changes).map(({ patch }) => text(patch)),
      ['p', 'again'],
    )
  })

  promise('stats name the oldest pending message, for health', ({ store }, clock) => {
    const writer = new Writer(store)
    writer.accept(a, 'old')
    writer.commit()
    clock.now += 5000
    writer.accept(b, 'young')
    writer.commit()
    assert.deepEqual([store.stats().pending, store.stats().oldestPending], [2, 1_000_000])
  })

  promise('segments and names read back for filters', ({ store }) => {
    const writer = new Writer(store)
    for (let i = 0; i < 3; i += 1) {
      writer.accept(a, `${i}`)
      writer.accept(b, `${i}`)
      writer.commit()
    }
    const found = [...store.segments(3, 4)].map((segment) =>
      isDamage(segment) ? 0 : segment.position,
    )
    assert.deepEqual(found, [3])
    assert.deepEqual([...store.segments(2, 5)].length, 3)
    for (const directory of store.directories(2, 4)) assert.ok(!isDamage(directory))
    assert.deepEqual([...store.directories(2, 4)].length, 2)
    assert.deepEqual(store.actors(0, 1), [{ no: 1, actor: a }])
    assert.equal(store.address(2), b)
    assert.equal(store.name(1), 'add')
    assert.equal(store.record(99), undefined)
  })
}

/** Takes a checkpoint the way the archivist does: from a ledger of its own. */
export function checkpoint(store: Store, entries: number): void {
  const ledger = recover({
    position: store.position,
    storeId: '',
    floor: 1,
    ownIdRecords: () => [],
    directories: (from: number, to: number) => store.directories(from, to),
    segments: () => [],
    name: (no: number) => store.name(no),
    address: (no: number) => store.address(no),
    row: () => undefined,
    checkpoints: () => [],
    actorNo: () => undefined,
    actors: () => [],
    segmentOf: () => undefined,
    snapshots: () => [],
  })
  const chunks = [...encodeCheckpoint(ledger, entries)]
  chunks.forEach((chunk, part) => {
    const last = part === chunks.length - 1
    store.writeCheckpoint({ position: ledger.position, part, last, bytes: chunk })
  })
}

function strip(loaded: LoadedActor): LoadedActor {
  return { ...loaded, pending: { ...loaded.pending } }
}
