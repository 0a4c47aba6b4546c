/** Metrics by OTLP over HTTP, as a receiver takes them apart. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { createSystem } from '../../runtime/main/create-system.ts'
import app, { Desk } from './desk.app.ts'
import { attributesIn, eights, type Fields, fieldsOf, messagesIn, textIn } from './protobuf.ts'

interface Received {
  readonly path: string
  readonly key: unknown
  readonly body: Uint8Array
}

/** A collector on this machine, and what it got. */
async function collector(t: TestContext): Promise<{ endpoint: string; received: Received[] }> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    received.push({
      path: request.url ?? '',
      key: request.headers['x-key'],
      body: await bodyOf(request),
    })
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  return { endpoint: `http://127.0.0.1:${port}/v1/metrics`, received }
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const bytes = Buffer.concat(await request.toArray())
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
}

/** Metrics of an export by name. */
function metricsIn(body: Uint8Array): { metrics: Map<string, Fields>; resource: unknown } {
  const [resourceMetrics] = messagesIn(fieldsOf(body), 1) as [Fields]
  const metrics = messagesIn(resourceMetrics, 2).flatMap((scope) => messagesIn(scope, 2))
  const [resource] = messagesIn(resourceMetrics, 1) as [Fields]
  return {
    metrics: new Map(metrics.map((metric) => [textIn(metric, 1), metric])),
    resource: attributesIn(resource, 1),
  }
}

test('metrics: the last figures of a system reach a collector by OTLP, under the names of the conventions', async (t) => {
  const { endpoint, received } = await collector(t)
  const system = await createSystem(app, {
    workers: 0,
    store: 'memory',
    telemetry: {
      metrics: {
        endpoint,
        headers: { 'x-key': 'k1' },
        resource: { 'service.name': 'desk' },
        every: 3_600_000,
      },
    },
  })
  t.after(() => system.close())
  await system.ref(Desk, 'anna').ask.say('refund please')
  await system.close()

  const [{ path, key, body }] = received as [Received]
  assert.equal(received.length, 1)
  assert.equal(path, '/v1/metrics')
  assert.equal(key, 'k1')
  const { metrics, resource } = metricsIn(body)
  assert.equal((resource as Record<string, string>)['service.name'], 'desk')

  const usage = metrics.get('gen_ai.client.token.usage') as Fields
  assert.equal(textIn(usage, 3), '{token}')
  const [histogram] = messagesIn(usage, 9) as [Fields]
  assert.deepEqual(histogram.get(2), [2n], 'cumulative')
  const points = messagesIn(histogram, 1)
  const output = points.find((point) => attributesIn(point, 9)['gen_ai.token.type'] === 'output')
  assert.deepEqual(attributesIn(output as Fields, 9), {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'tiny',
    'gen_ai.token.type': 'output',
  })
  const counts = eights(output as Fields, 6, (view, at) => view.getBigUint64(at, true))
  const bounds = eights(output as Fields, 7, (view, at) => view.getFloat64(at, true))
  assert.equal(counts.length, bounds.length + 1)
  assert.equal(
    counts.reduce((sum, each) => sum + each, 0n),
    2n,
  )

  const [queries] = messagesIn(metrics.get('agent_queries_total') as Fields, 7) as [Fields]
  assert.deepEqual(queries.get(3), [1n], 'it only grows')
  const [point] = messagesIn(queries, 1) as [Fields]
  assert.deepEqual(attributesIn(point, 7), { query_type: 'refund', status: 'done' })
  assert.deepEqual(point.get(4), [1])
  for (const name of [
    'gen_ai.client.operation.duration',
    'gen_ai.execute_tool.duration',
    'gen_ai.invoke_agent.duration',
    'troupe_mailbox_depth',
  ]) {
    assert.ok(metrics.has(name), name)
  }
})

test('S2: a collector that does not answer does not keep a system from closing', async (t) => {
  const server = createServer(() => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const endpoint = `http://127.0.0.1:${port}/v1/metrics`
  const system = await createSystem(app, {
    workers: 0,
    store: 'memory',
    closeWithin: 1_000,
    telemetry: { metrics: { endpoint, every: 3_600_000 } },
  })
  const { drained } = await system.close()
  assert.equal(drained, true)
})
