/** The connection to an MCP server over HTTP: what it lists, answers and refuses, and what a bad one can do. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createMcpHandler, Server } from '@modelcontextprotocol/server'
import { code } from '../durable/support.ts'
import { connect, filesHandler, serve, type WebHandler } from './mcp-http.ts'

const never = new AbortController().signal

interface Asked {
  readonly id?: number
  readonly method: string
  readonly params: { readonly _meta?: object }
}

const bodyOf = async (request: Request): Promise<Asked> => {
  const body = await request.clone().text()
  return (body === '' ? { method: request.method, params: {} } : JSON.parse(body)) as Asked
}

/** A connection to the files. */
async function files(t: TestContext, more: Parameters<typeof connect>[2] = {}) {
  const calls: string[] = []
  const { handler, requests } = filesHandler({ calls })
  const url = await serve(t, handler)
  return { ...connect(t, { url }, more), calls, requests }
}

test('a server of the present revision: its tools in one order, with their schemas and hints as they are', async (t) => {
  const { client, requests } = await files(t)
  const tools = await client.tools(never)
  assert.deepEqual(
    tools.map(({ name }) => name),
    [...tools.map(({ name }) => name)].sort(),
  )
  const read = tools.find(({ name }) => name === 'read')
  assert.equal(read?.description, 'Does read.')
  assert.deepEqual(read?.hints, { readOnly: true })
  assert.equal(read?.inputSchema['type'], 'object')
  assert.deepEqual(read?.inputSchema['required'], ['path'])
  const asked = await Promise.all(requests.map(bodyOf))
  assert.deepEqual(
    asked.map(({ method }) => method),
    ['server/discover', 'tools/list'],
  )
  assert.ok(Object.values(asked[1]?.params._meta ?? {}).includes('2026-07-28'))
})

test('a server of an older revision is found out and used the same way', async (t) => {
  const calls: string[] = []
  const { handler, requests } = filesHandler({ calls }, 'stateless')
  const old: WebHandler = async (request) => {
    const asked = await bodyOf(request)
    if (asked.method !== 'server/discover') return handler(request)
    const error = { code: -32_601, message: 'Method not found' }
    return Response.json({ jsonrpc: '2.0', id: asked.id, error })
  }
  const { client } = connect(t, { url: await serve(t, old) })
  assert.ok((await client.tools(never)).some(({ name }) => name === 'read'))
  assert.equal(await client.call('read', { path: 'a' }, never), 'content of a')
  const methods = await Promise.all(requests.map(bodyOf))
  assert.ok(methods.some(({ method }) => method === 'initialize'))
})

test('results are data: one text, structured content, pieces in their order', async (t) => {
  const { client } = await files(t)
  assert.equal(await client.call('read', { path: 'a' }, never), 'content of a')
  assert.deepEqual(await client.call('stat.size', { path: 'abc' }, never), { bytes: 3 })
  assert.deepEqual(await client.call('look', { path: 'a' }, never), [
    { type: 'text', text: 'a red dot' },
    { type: 'image', mimeType: 'image/png', data: 'iVBORw==' },
    { type: 'resource', uri: 'file:///a', mimeType: 'text/plain', text: 'A' },
    { type: 'resource_link', uri: 'file:///b', name: 'b' },
  ])
})

test('what a tool says when it fails is its answer, and so is what the server says of a wrong call', async (t) => {
  const { client, calls } = await files(t)
  const failed = (name: string, input: object, message: RegExp) =>
    assert.rejects(client.call(name, input as never, never), (error: Error) => {
      code('TOOL_FAILED')(error)
      assert.match(error.message, message)
      return true
    })
  await failed('fail', { path: 'a' }, /^there is no a; list the folder$/)
  await failed('throw', { path: 'a' }, /out of order/)
  await failed('read', { path: 1 }, /path/)
  await failed('nothing', {}, /nothing/)
  assert.deepEqual(calls, ['fail a', 'throw a'])
})

test('a call that is given up is cancelled at the server', async (t) => {
  const watch = { waiting: Promise.withResolvers<void>(), stopped: Promise.withResolvers<void>() }
  const { handler } = filesHandler({
    calls: [],
    waiting: watch.waiting.resolve,
    stopped: watch.stopped.resolve,
  })
  const { client } = connect(t, { url: await serve(t, handler) })
  const caller = new AbortController()
  const call = client.call('wait', { path: 'a' }, caller.signal)
  await watch.waiting.promise
  caller.abort(new Error('enough'))
  await assert.rejects(call, /enough/)
  await watch.stopped.promise
  assert.equal(await client.call('read', { path: 'a' }, never), 'content of a')
})

test('a list is asked for again when it is no longer fresh, and by all who ask at once together', async (t) => {
  const { client, clock, requests } = await files(t, { fresh: 1_000 })
  const lists = async () =>
    (await Promise.all(requests.map((one) => one.clone().text()))).filter((body) =>
      body.includes('tools/list'),
    ).length
  await Promise.all([client.tools(never), client.tools(never), client.tools(never)])
  clock.advance(999)
  await client.tools(never)
  assert.equal(await lists(), 1)
  clock.advance(1)
  await client.tools(never)
  assert.equal(await lists(), 2)
})

/** A server of the low level, whose list is what the test says. */
const listing = (list: (cursor: string | undefined) => object): WebHandler => {
  const make = () => {
    const server = new Server({ name: 'x', version: '1' }, { capabilities: { tools: {} } })
    server.setRequestHandler('tools/list', async ({ params }) => list(params?.cursor) as never)
    return server
  }
  return createMcpHandler(make, { legacy: 'reject' }).fetch
}

const one = (name: string, more: object = {}) => ({
  name,
  inputSchema: { type: 'object' },
  ...more,
})

test('every page of a list is read, and a list without an end is refused', async (t) => {
  const pages = listing((cursor) => {
    const page = Number(cursor ?? 0)
    return { tools: [one(`t${page}`)], ...(page < 4 && { nextCursor: String(page + 1) }) }
  })
  const { client } = connect(t, { url: await serve(t, pages) })
  const names = (await client.tools(never)).map(({ name }) => name)
  assert.deepEqual(names, ['t0', 't1', 't2', 't3', 't4'])
  let page = 0
  const endless = listing(() => {
    page += 1
    return { tools: [one(`t${page}`)], nextCursor: String(page) }
  })
  const other = connect(t, { url: await serve(t, endless) })
  await assert.rejects(other.client.tools(never), code('MCP_INVALID'))
  assert.ok(page <= 33, `${page} pages were read`)
})

test('a list that is too long, twice the same, or hides what it says is refused, and names the tool', async (t) => {
  let deep: object = { type: 'string' }
  for (let level = 0; level < 70; level += 1) deep = { type: 'array', items: deep }
  const wrong: readonly (readonly [readonly object[], RegExp])[] = [
    [[one('a'), one('a')], /"a" is listed twice/],
    [Array.from({ length: 129 }, (_, n) => one(`t${n}`)), /129 tools/],
    [[one('a', { description: 'x'.repeat(8_193) })], /"a".*8193 characters/],
    [[one('a', { description: 'ok \u{E0041}\u{E0042}' })], /"a".*hidden tag/],
    [[one('a', { description: 'turn \u202e' })], /"a".*direction/],
    [[one('a\u0000b')], /control character/],
    [[one('x'.repeat(129))], /128 characters/],
    [[one('')], /128 characters/],
    [[one('a', { inputSchema: { type: 'object', x: 'y'.repeat(32_768) } })], /"a".*schema of/],
    [[one('a', { inputSchema: { type: 'object', properties: { deep } } })], /"a".*levels/],
    [[one('a', { inputSchema: { type: 'string' } })], /./],
  ]
  let tools: readonly object[] = []
  const { client } = connect(t, {
    url: await serve(
      t,
      listing(() => ({ tools })),
    ),
  })
  for (const [list, message] of wrong) {
    tools = list
    await assert.rejects(client.tools(never), (error: Error) => {
      code('MCP_INVALID')(error)
      assert.match(error.message, message)
      return true
    })
  }
  tools = [one('fine')]
  assert.equal((await client.tools(never))[0]?.description, 'The tool fine.')
})

test('a schema of a stranger is not run: neither a pattern without an end nor one that is no schema', async (t) => {
  const outputSchema = { type: 'object', properties: { s: { type: 'string', pattern: '^(a+)+$' } } }
  const make = () => {
    const server = new Server({ name: 'x', version: '1' }, { capabilities: { tools: {} } })
    const tools = [
      one('slow', { outputSchema }),
      one('odd', { outputSchema: { type: 'object', properties: { s: { type: 'wrong' } } } }),
    ]
    server.setRequestHandler('tools/list', async () => ({ tools }) as never)
    const structuredContent = { s: `${'a'.repeat(40)}!` }
    server.setRequestHandler('tools/call', async () => ({ content: [], structuredContent }))
    return server
  }
  const { fetch } = createMcpHandler(make, { legacy: 'reject' })
  const { client } = connect(t, { url: await serve(t, fetch) })
  await client.tools(never)
  for (const name of ['slow', 'odd']) {
    assert.deepEqual(await client.call(name, {}, never), { s: `${'a'.repeat(40)}!` })
  }
})

test('a server that answers something else is no server, and one that answers without an end is cut off', async (t) => {
  const answers: readonly (() => Response)[] = [
    () => new Response('<html>hello</html>', { headers: { 'content-type': 'text/html' } }),
    () => new Response('not json', { headers: { 'content-type': 'application/json' } }),
    () => Response.json({ jsonrpc: '2.0', id: 0, result: { tools: 'none' } }),
    () => new Response(null, { status: 500 }),
    () => {
      const chunk = new Uint8Array(65_536).fill(32)
      const endless = new ReadableStream({ pull: (to) => to.enqueue(chunk) })
      return new Response(endless, { headers: { 'content-type': 'application/json' } })
    },
  ]
  for (const answer of answers) {
    const { client } = connect(t, { url: await serve(t, answer) }, { timeout: 100 })
    await assert.rejects(client.tools(never), (error: { code?: string }) => {
      assert.match(error.code ?? String(error), /^MCP_(INVALID|UNAVAILABLE)$/)
      return true
    })
  }
})

test('an answer over the limit of a message is cut off, and the connection is still good', async (t) => {
  const { client } = await files(t, { limits: { message: 16_384 } })
  assert.equal(await client.call('big', { path: '1000' }, never), 'x'.repeat(1_000))
  await assert.rejects(client.call('big', { path: '20000' }, never), code('MCP_INVALID'))
  assert.equal(await client.call('read', { path: 'a' }, never), 'content of a')
})

test('a silent server is given up after the timeout', async (t) => {
  const asked = Promise.withResolvers<void>()
  const silent: WebHandler = () => {
    asked.resolve()
    return new Promise(() => undefined)
  }
  const { client, clock } = connect(t, { url: await serve(t, silent) }, { timeout: 60_000 })
  const list = client.tools(never)
  const refused = assert.rejects(list, code('MCP_UNAVAILABLE'))
  await asked.promise
  clock.advance(60_000)
  await refused
})

test('a server that is gone is tried again at once, then after pauses that double, and is found when it is back', async (t) => {
  let isDown = true
  let tried = 0
  const { handler } = filesHandler({ calls: [] })
  const flaky: WebHandler = (request) => {
    tried += 1
    return isDown ? new Response(null, { status: 503 }) : handler(request)
  }
  const { client, clock } = connect(t, { url: await serve(t, flaky) })
  const fails = () =>
    assert.rejects(client.call('read', { path: 'a' }, never), code('MCP_UNAVAILABLE'))
  await fails()
  await fails()
  assert.equal(tried, 2)
  for (const pause of [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    const before: number = tried
    await assert.rejects(client.call('read', { path: 'a' }, never), {
      fields: { server: 'files', retryAfter: pause },
    })
    clock.advance(pause - 1)
    await fails()
    assert.equal(tried, before)
    clock.advance(1)
    await fails()
    assert.equal(tried, before + 1)
  }
  isDown = false
  clock.advance(30_000)
  assert.equal(await client.call('read', { path: 'a' }, never), 'content of a')
})

test('R5: a secret is looked up for each request, goes to no other origin, and does not come back', async (t) => {
  const { handler } = filesHandler({ calls: [] })
  const seen: (string | null)[] = []
  const guarded: WebHandler = async (request) => {
    const key = request.headers.get('authorization')
    seen.push(key)
    if (key !== 'Bearer 1' && key !== 'Bearer 2') return new Response(null, { status: 401 })
    const response = await handler(request)
    const said = (await response.text()).replace('content of a', `your key is ${key}`)
    return new Response(said, response)
  }
  const url = await serve(t, guarded)
  let key = 'Bearer 1'
  const headers = { authorization: { secret: 'KEY' } }
  const { client } = connect(t, { url, headers }, { secrets: () => key })
  assert.equal(await client.call('read', { path: 'a' }, never), 'your key is [secret KEY]')
  key = 'Bearer 2'
  assert.equal(await client.call('read', { path: 'a' }, never), 'your key is [secret KEY]')
  assert.deepEqual([...new Set(seen)], ['Bearer 1', 'Bearer 2'])
  key = 'Bearer 3'
  await assert.rejects(client.call('read', { path: 'a' }, never), code('MCP_DENIED'))

  const before: number = seen.length
  const away: WebHandler = () => Response.redirect(url, 307)
  const other = connect(t, { url: await serve(t, away), headers }, { secrets: () => 'Bearer 1' })
  await assert.rejects(other.client.tools(never), /.*/)
  assert.equal(seen.length, before)

  const unknown = connect(t, { url, headers })
  await assert.rejects(unknown.client.tools(never), code('OPTION_INVALID'))
})

test('a closed connection says so, and options that cannot be are refused', async (t) => {
  const { client } = await files(t)
  await client.tools(never)
  await client.close()
  await assert.rejects(client.tools(never), code('SYSTEM_CLOSED'))
  await assert.rejects(client.call('read', { path: 'a' }, never), code('SYSTEM_CLOSED'))
  for (const wrong of [
    { url: 'file:///etc/passwd' },
    { url: 'nowhere' },
    { url: 'http://x', headers: { a: 1 } },
    { command: '' },
    {},
    { command: 'x', env: { A: {} } },
    { url: 'http://x', comand: 'x' },
  ]) {
    assert.throws(() => connect(t, wrong as never), code('OPTION_INVALID'))
  }
})
