/** A collector on the loopback: takes OTLP over HTTP as protobuf, takes the payload apart, keeps spans. */
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty for a root. */
  readonly parentId: string
  readonly name: string
  readonly kind: string
  /** Nanoseconds since 1970. */
  readonly start: bigint
  readonly end: bigint
  readonly attributes: Readonly<Record<string, unknown>>
  readonly links: readonly string[]
  readonly isFailed: boolean
  readonly resource: Readonly<Record<string, unknown>>
  readonly schema: string
}

export class Receiver {
  readonly spans: ReceivedSpan[] = []
  readonly headers: IncomingMessage['headers'][] = []
  /** What it answers. */
  status = 200
  url = ''
  #heard = Promise.withResolvers<void>()

  take(body: Buffer): void {
    this.spans.push(...spansOf(body))
    this.#heard.resolve()
    this.#heard = Promise.withResolvers()
  }

  /** Resolves when spans have come that satisfy it. */
  async until(enough: (spans: readonly ReceivedSpan[]) => boolean): Promise<void> {
    while (!enough(this.spans)) await this.#heard.promise
  }

  named(name: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.name === name)
  }

  only(name: string): ReceivedSpan {
    const [span, another] = this.named(name)
    assert.ok(span !== undefined && another === undefined, `one "${name}" in ${this.names()}`)
    return span
  }

  names(): string {
    return this.spans
      .map(({ name }) => name)
      .sort()
      .join(', ')
  }
}

export async function receiver(t: TestContext): Promise<Receiver> {
  const received = new Receiver()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    received.headers.push(request.headers)
    if (received.status === 200) received.take(Buffer.concat(chunks))
    response.writeHead(received.status, { 'content-type': 'application/x-protobuf' }).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  received.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`
  return received
}

/** One tree: every parent and link is there, and one span has none. */
export function assertOneTree(spans: readonly ReceivedSpan[]): ReceivedSpan {
  assert.ok(spans.length > 0, 'no spans')
  const ids = new Set(spans.map(({ spanId }) => spanId))
  assert.equal(ids.size, spans.length, 'an id comes twice')
  assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 1, 'several traces')
  const roots = spans.filter(({ parentId }) => parentId === '')
  assert.equal(roots.length, 1, `roots: ${roots.map(({ name }) => name)}`)
  for (const { name, parentId, links } of spans) {
    assert.ok(parentId === '' || ids.has(parentId), `the parent of "${name}" is missing`)
    for (const link of links) assert.ok(ids.has(link), `a link of "${name}" leads nowhere`)
  }
  return roots[0] as ReceivedSpan
}

export const parentOf = (
  spans: readonly ReceivedSpan[],
  { parentId }: ReceivedSpan,
): ReceivedSpan | undefined => spans.find(({ spanId }) => spanId === parentId)

// ── OTLP, as `opentelemetry/proto/trace/v1/trace.proto` numbers its fields ─────────────────────────

type Fields = ReadonlyMap<number, readonly (Buffer | bigint)[]>

function fieldsOf(message: Buffer): Fields {
  const fields = new Map<number, (Buffer | bigint)[]>()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++] as number
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const bytes = (length: number): Buffer => {
    at += length
    assert.ok(at <= message.length, 'a field is cut off')
    return message.subarray(at - length, at)
  }
  while (at < message.length) {
    const tag = Number(varint())
    const wire = tag & 7
    const value =
      wire === 0
        ? varint()
        : wire === 1
          ? bytes(8).readBigUInt64LE()
          : wire === 2
            ? bytes(Number(varint()))
            : BigInt(bytes(4).readUInt32LE())
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value])
  }
  return fields
}

const all = (fields: Fields, n: number): Buffer[] => (fields.get(n) ?? []) as Buffer[]
const first = (fields: Fields, n: number): Buffer => all(fields, n)[0] ?? Buffer.alloc(0)
const number = (fields: Fields, n: number): bigint => (fields.get(n)?.[0] as bigint) ?? 0n
const text = (fields: Fields, n: number): string => first(fields, n).toString()
const id = (fields: Fields, n: number): string => first(fields, n).toString('hex')

const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']

function spansOf(request: Buffer): ReceivedSpan[] {
  return all(fieldsOf(request), 1).flatMap((resourceSpans) => {
    const outer = fieldsOf(resourceSpans)
    const resource = attributesOf(fieldsOf(first(outer, 1)), 1)
    return all(outer, 2).flatMap((scopeSpans) => {
      const scope = fieldsOf(scopeSpans)
      return all(scope, 2).map((span) => ({
        ...spanOf(fieldsOf(span)),
        resource,
        schema: text(scope, 3),
      }))
    })
  })
}

function spanOf(fields: Fields): Omit<ReceivedSpan, 'resource' | 'schema'> {
  return {
    traceId: id(fields, 1),
    spanId: id(fields, 2),
    parentId: id(fields, 4),
    name: text(fields, 5),
    kind: kinds[Number(number(fields, 6))] ?? '',
    start: number(fields, 7),
    end: number(fields, 8),
    attributes: attributesOf(fields, 9),
    links: all(fields, 13).map((link) => id(fieldsOf(link), 2)),
    isFailed: number(fieldsOf(first(fields, 15)), 3) === 2n,
  }
}

function attributesOf(fields: Fields, n: number): Record<string, unknown> {
  return Object.fromEntries(
    all(fields, n).map((pair) => {
      const entry = fieldsOf(pair)
      return [text(entry, 1), valueIn(fieldsOf(first(entry, 2)))]
    }),
  )
}

function valueIn(value: Fields): unknown {
  if (value.has(1)) return text(value, 1)
  if (value.has(2)) return number(value, 2) === 1n
  if (value.has(3)) return Number(number(value, 3))
  if (value.has(4)) {
    const double = Buffer.alloc(8)
    double.writeBigUInt64LE(number(value, 4))
    return double.readDoubleLE()
  }
  return all(fieldsOf(first(value, 5)), 1).map((one) => valueIn(fieldsOf(one)))
}
