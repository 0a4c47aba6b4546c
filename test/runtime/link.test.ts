/** M3, M5: what waits at a link's door. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Envelope, type Header } from '../../mailbox/envelope.ts'
import { Lane } from '../../mailbox/lane.ts'
import type { Settled } from '../../mailbox/outcome.ts'
import { FrameReader, type FrameTaker } from '../../runtime/wire/frame-reader.ts'
import { FrameWriter } from '../../runtime/wire/frame-writer.ts'
import { Link } from '../../runtime/wire/link.ts'
import { LinkCounts } from '../../runtime/wire/link-counts.ts'
import { linkBytes, linkMessages } from '../../runtime/wire/link-credit.ts'
import type { FramePort, LinkOwner } from '../../runtime/wire/link-owner.ts'
import { Parcel } from '../../runtime/wire/parcel.ts'

function message(n: number, payload: unknown = n, header?: Header): Envelope {
  return new Envelope('log/a', '', 'put', payload, Lane.normal, -1, n, 0, 0, header)
}

/** What the other side gets: what is transferred is gone here. */
function crossed(parcel: Parcel): Parcel {
  return Parcel.opened(structuredClone(parcel.posted, { transfer: [...parcel.transfer] }))
}

/** A link whose other side is the test. */
function world(): {
  link: Link
  sent: number[]
  out: string[]
  credit: (messages: number) => void
} {
  const sent: number[] = []
  const out: string[] = []
  let bytes = 0
  const taker: Partial<FrameTaker> = { message: ({ b }) => void sent.push(b) }
  const reader = new FrameReader(taker as FrameTaker)
  const port: FramePort = {
    post(parcel) {
      bytes += parcel.bytes
      reader.read(crossed(parcel))
    },
    next: () => undefined,
    close: () => undefined,
  }
  const owner: Partial<LinkOwner> = {
    coarse: 7,
    waitIsOver: ({ b }) => void out.push(`leaves ${b}`),
    gaveUpWaiting: ({ b }) => void out.push(`gave up ${b}`),
    touched: () => undefined,
  }
  const counts = (): LinkCounts => new LinkCounts(['log'])
  const link = new Link(1, port, owner as LinkOwner, { sent: counts(), received: counts() })
  const writer = new FrameWriter()
  const credit = (messages: number): void => {
    writer.credit(messages, bytes)
    link.receive(writer.take())
    bytes = 0
    link.flush()
  }
  return { link, sent, out, credit }
}

test('M5: the bytes of an open frame count at once, and a large frame leaves before its slice ends', () => {
  const { link, sent } = world()
  assert.equal(link.send(message(1, new Uint8Array(linkBytes))), true)
  assert.deepEqual(sent, [1], 'without a flush')
  assert.equal(link.send(message(2)), false)
})

test('a delivery that was aborted at the door is not sent', () => {
  const { link, sent, out, credit } = world()
  const abort = new AbortController()
  link.send(message(1, new Uint8Array(linkBytes)))
  assert.equal(link.wait(message(2, 'x', { signal: abort.signal })), true)
  assert.equal(link.wait(message(3)), true)
  abort.abort()
  credit(1)
  assert.deepEqual(sent, [1, 3])
  assert.deepEqual(out, ['gave up 2', 'leaves 3'])
})

test('health: what waits at the door is as old as the first of it', () => {
  const { link, credit } = world()
  link.send(message(1, new Uint8Array(linkBytes)))
  assert.equal(link.waitingSince, undefined)
  link.wait(message(2))
  assert.equal(link.waitingSince, 7)
  credit(1)
  assert.equal(link.waitingSince, undefined)
})

interface Pair {
  readonly here: Link
  readonly there: Link
  readonly asked: Envelope[]
  readonly settle: () => void
  /** Frames that have come back. */
  readonly back: { count: number }
}

/** Two ends of one link, and what the second is asked. */
function pair(): Pair {
  const asked: Envelope[] = []
  const back = { count: 0 }
  const counts = (): LinkCounts => new LinkCounts(['log'])
  const end = (other: () => Link, arrived: (envelope: Envelope) => void): Link => {
    const port: FramePort = {
      post(parcel) {
        if (other() === here) back.count += 1
        other().receive(crossed(parcel))
      },
      next: () => undefined,
      close: () => undefined,
    }
    const owner: Partial<LinkOwner> = { coarse: 0, arrived, touched: () => undefined }
    return new Link(1, port, owner as LinkOwner, { sent: counts(), received: counts() })
  }
  const here: Link = end(
    () => there,
    () => undefined,
  )
  const there: Link = end(
    () => here,
    (envelope) => asked.push(envelope),
  )
  const settle = (): void => {
    for (const link of [here, there, here]) link.flush()
  }
  return { here, there, asked, settle, back }
}

const ignore = { settle: () => undefined }

test('M5: the credit of an ask comes back with its answer, in one frame; that of a tell at once', () => {
  const { here, asked, settle, back } = pair()
  here.send(message(1, 1, { reply: ignore }))
  settle()
  assert.equal(back.count, 0)
  asked[0]?.header.reply?.settle({ ok: true, value: 1 })
  settle()
  assert.equal(back.count, 1)
  here.send(message(2))
  settle()
  assert.equal(back.count, 2)
  assert.deepEqual(here.wreck().out, [])
})

test('F4: what nobody can vouch for is out until its credit is back, a tell behind an open ask no longer', () => {
  const { here, settle } = pair()
  here.send(message(1, 1, { reply: ignore }))
  here.send(message(2))
  settle()
  assert.deepEqual(here.wreck().out, [])
})

test('M5: asks that nobody answers keep at most a quarter of the credit', () => {
  const small = { count: 3 * linkMessages, payload: 1 }
  const large = { count: 24, payload: new Uint8Array(linkBytes / 8) }
  for (const { count, payload } of [small, large]) {
    const { here, settle } = pair()
    for (let n = 0; n < count; n += 1) {
      assert.equal(here.send(message(n, payload, { reply: ignore })), true)
      if (n % 4 === 0) settle()
    }
    settle()
    assert.ok(here.wreck().out.length <= linkMessages / 4)
  }
})

test('M5: replies take no credit, however much they carry', () => {
  const { here, there, asked, settle } = pair()
  const value = new Uint8Array(linkBytes / 4)
  for (let n = 0; n < 8; n += 1) {
    assert.equal(here.send(message(n, n, { reply: ignore })), true)
    settle()
    asked[n]?.header.reply?.settle({ ok: true, value })
    settle()
  }
  assert.equal(there.send(message(9)), true)
})

test('M5: all credit of a frame comes back, also when its answers fill a frame while it is read', () => {
  const { here, asked, settle } = pair()
  const arrived = asked.push.bind(asked)
  asked.push = (envelope) => {
    envelope.header.reply?.settle({ ok: true, value: new Uint8Array(linkBytes / 4) })
    return arrived(envelope)
  }
  assert.equal(here.send(message(1, new Uint8Array(linkBytes), { reply: ignore })), true)
  settle()
  assert.equal(here.send(message(2)), true)
})

test('T2: whatever crosses arrives as it was, in its order, however many addresses there are', () => {
  const { here, asked, settle } = pair()
  const sent: Envelope[] = []
  const header: Header = {
    deadline: 12.5,
    chain: ['log/a', 'log/b'],
    trace: '00-1-2-03',
    ownId: 'mine',
    topic: 'a.b',
    asked: true,
    keep: true,
    tick: { timer: 't', due: 3, missed: 1 },
  }
  for (let n = 0; n < 9_000; n += 1) {
    const more = n % 3 === 0 ? header : undefined
    const envelope = new Envelope(
      `log/${n % 6_000}`,
      `log/${n}`,
      'put',
      { n },
      2,
      -5,
      n,
      7,
      n,
      more,
    )
    envelope.position = n % 2
    sent.push(envelope)
    assert.equal(here.send(envelope), true)
    if (n % 100 === 99) settle()
  }
  settle()
  assert.deepEqual(asked, sent)
})

test('T5: numbers and nothing arrive as they were, as payload and as reply', () => {
  const { here, asked, settle } = pair()
  const values = [0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, undefined, null, 'x']
  const replies: unknown[] = []
  const header: Header = {
    trace: 't',
    reply: { settle: (settled) => replies.push(settled.ok && settled.value) },
  }
  // The second time no text is new: a frame may then be numbers alone.
  for (const more of [header, header, undefined, undefined]) {
    for (const value of values) {
      const n = asked.length
      here.send(new Envelope('log/a', '', 'put', value, Lane.normal, -1, n, 0, 0, more))
      settle()
      assert.deepStrictEqual(asked[n]?.payload, value)
      asked[n]?.header.reply?.settle({ ok: true, value })
      settle()
    }
  }
  assert.deepStrictEqual(replies, [...values, ...values])
})

test('T5: large texts and bytes arrive as they were, wherever they stand, and stay with their sender', () => {
  const { here, asked, settle } = pair()
  const bytes = Uint8Array.from({ length: 40_000 }, (_, i) => i % 251)
  const view = Buffer.from(bytes.buffer, 5, 20_000)
  const texts = ['a', 'é', '語', '\ud800'].flatMap((c) => [c.repeat(9_000), c.repeat(140_000)])
  const payload = {
    texts,
    bytes,
    view: new Uint8Array(view.buffer, view.byteOffset, view.length),
    nested: [{ bytes, small: new Uint8Array(3), text: texts[0] }],
    map: new Map([[texts[1], bytes]]),
    set: new Set(texts),
    floats: new Float64Array(5_000).fill(0.5),
  }
  const replies: unknown[] = []
  const reply = { settle: (settled: Settled) => replies.push(settled.ok && settled.value) }
  for (const value of [payload, bytes, ...texts]) {
    here.send(message(asked.length, value, { reply }))
    settle()
    const got = asked.at(-1)
    assert.deepStrictEqual(got?.payload, value)
    got?.header.reply?.settle({ ok: true, value })
    settle()
  }
  assert.deepStrictEqual(replies, [payload, bytes, ...texts])
  assert.equal(bytes[250], 250, 'its sender still has it')
})

test('T5: bytes that arrive are their own: no other value shares their memory', () => {
  const { here, asked, settle } = pair()
  const pool = new Uint8Array(64 * 1024)
  for (const length of [100, 30_000]) {
    here.send(message(length, [pool.subarray(7, 7 + length), pool.subarray(0, length)]))
  }
  settle()
  for (const { payload } of asked) {
    for (const { byteOffset, buffer, byteLength } of payload as Uint8Array[]) {
      assert.deepEqual([byteOffset, buffer.byteLength], [0, byteLength])
    }
  }
})

test('M5: what travels beside a frame takes credit, and gives all of it back', () => {
  const { here, settle } = pair()
  for (let n = 0; n < 64; n += 1) {
    assert.equal(here.send(message(n, 'x'.repeat(linkBytes / 4))), true)
    assert.equal(here.send(message(n, new Uint8Array(linkBytes))), true)
    assert.equal(here.send(message(n)), false, 'no credit left')
    settle()
  }
})
