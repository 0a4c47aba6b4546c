/** M3, M5: what waits at a link's door. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Envelope, type Header } from '../../mailbox/envelope.ts'
import { Lane } from '../../mailbox/lane.ts'
import { decodeFrame, encodeFrame } from '../../persistence/codec.ts'
import { type FramePort, Link, type LinkOwner, linkBytes } from '../../runtime/wire/link.ts'
import { LinkCounts } from '../../runtime/wire/link-counts.ts'
import { type Item, Tag } from '../../runtime/wire/protocol.ts'

function message(n: number, payload: unknown = n, header?: Header): Envelope {
  return new Envelope('log/a', '', 'put', payload, Lane.normal, -1, n, 0, 0, header)
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
  const port: FramePort = {
    postMessage(frame) {
      bytes += frame.byteLength
      for (const item of decodeFrame(new Uint8Array(frame)) as Item[]) {
        if (item[0] === Tag.message) sent.push(item[6])
      }
    },
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
  const credit = (messages: number): void => {
    link.receive(encodeFrame([[Tag.credit, messages, bytes]]))
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
