/** Calls over HTTP: what is refused before anything is sent, what at a redirect, and what a model never sees. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { agent } from '../../actors/agents/agent.ts'
import { scriptedModel } from '../../actors/agents/models/scripted.ts'
import type { Json, ToolCallPart } from '../../actors/agents/parts.ts'
import { type HttpToolOptions, httpTool } from '../../actors/agents/tools/http/http-tool.ts'
import type { HttpRule } from '../../actors/agents/tools/http/rules.ts'
import { checkCall } from '../../actors/agents/tools/run-tool.ts'
import { toolbox } from '../../actors/agents/tools/toolbox.ts'
import { app } from '../../actors/app.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import { createSystem } from '../../runtime/index.ts'
import { code } from '../durable/support.ts'
import { done, Support, supportAgent, told } from './agent-support.ts'
import { selfSigned } from './self-signed.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A server on this machine; `seen` holds what reached it. */
async function serving(t: TestContext, answer: Answer) {
  const seen: { method: string; url: string; headers: IncomingMessage['headers'] }[] = []
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    seen.push({ method, url, headers })
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { seen, port, origin: `http://api.test:${port}` }
}

const json: Answer = (_request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end('{"state":"sent"}')
}

/** Every name is this machine. */
const here = async (): Promise<string[]> => ['127.0.0.1']

const calling = (allow: readonly HttpRule[], more: Partial<HttpToolOptions> = {}) =>
  httpTool({
    name: 'api',
    description: 'The shop.',
    allow,
    resolve: here,
    allowPrivate: ['127.0.0.1'],
    ...more,
  })

/** One call, as `run-tool.ts` makes it; a refusal as its code and message. */
async function called(
  tool: ReturnType<typeof calling>,
  input: Json,
  signal: AbortSignal = new AbortController().signal,
): Promise<Json> {
  const part: ToolCallPart = { type: 'tool-call', id: '1', name: 'api', input }
  const checked = await checkCall(toolbox([tool]), part)
  if (!('tool' in checked)) return checked.output
  const facts = { key: 'step-1', signal, deps: undefined, agent: { type: 'a', key: 'b' } }
  try {
    return (await checked.tool.work.run(checked.input, facts as never, part)) as Json
  } catch (error) {
    const { code = 'none', message } = error as Error & { code?: string }
    return { error: code, message }
  }
}

const get = (url: string): Json => ({ method: 'GET', url })
const errorOf = (answer: Json): string => (answer as { error: string }).error
const bodyOf = (answer: Json): Json => (answer as { body: Json }).body

test('what is allowed is called at the address that was checked, by its name', async (t) => {
  const { seen, port, origin } = await serving(t, json)
  const asked: string[] = []
  const resolve = async (host: string) => {
    asked.push(host)
    return ['127.0.0.1']
  }
  const tool = calling([{ origin, paths: ['/orders/*'] }], { resolve })
  const answer = await called(tool, get(`${origin}/orders/1?x=y#part`))
  assert.deepEqual(answer, { status: 200, type: 'application/json', body: { state: 'sent' } })
  assert.deepEqual(asked, ['api.test'])
  assert.equal(seen[0]?.headers.host, `api.test:${port}`)
  assert.equal(seen[0]?.url, '/orders/1?x=y')
})

test('other origins, methods and paths, users in URLs and paths in disguise are refused, and nothing is sent', async (t) => {
  const { seen, port, origin } = await serving(t, json)
  const tool = calling([{ origin, paths: ['/orders/*', '/open/**'] }])
  for (const url of [
    `https://api.test:${port}/orders/1`,
    `http://api.test/orders/1`,
    `http://api.test.:${port}/orders/1`,
    `http://other.test:${port}/orders/1`,
    `http://api.test:${port}@other.test/orders/1`,
    `http://127.0.0.1:${port}/orders/1`,
    `http://2130706433:${port}/orders/1`,
    `http://0177.0.0.1:${port}/orders/1`,
    `http://[::ffff:127.0.0.1]:${port}/orders/1`,
    `http://anna:pass@api.test:${port}/orders/1`,
    `${origin}/orders`,
    `${origin}/orders/`,
    `${origin}/orders/1/items`,
    `${origin}/orders/../admin`,
    `${origin}/open/%2e%2e%2fadmin`,
    `${origin}/open/..;/admin`,
    `${origin}/open/%252e%252e/admin`,
    `${origin}/open/a%5cb`,
    `${origin}/open/%00`,
    `${origin}/open/%zz`,
    'file:///etc/passwd',
    'data:text/plain,x',
    '/orders/1',
  ]) {
    assert.equal(errorOf(await called(tool, get(url))), 'TOOL_REFUSED', url)
  }
  const posted = { method: 'POST', url: `${origin}/orders/1` }
  assert.equal(errorOf(await called(tool, posted)), 'TOOL_REFUSED')
  assert.deepEqual(seen, [])
})

test('a host that leads to a private address is refused, written as a name or as a number', async (t) => {
  const { seen, port } = await serving(t, json)
  const any = calling([{ origin: 'http://*' }], { allowPrivate: [] })
  const only = calling([{ origin: `http://api.test:${port}` }], { allowPrivate: [] })
  for (const host of [
    'localhost',
    '127.0.0.1',
    '127.0.0.1.',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[fd00::1]',
    '[fe80::1]',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
  ]) {
    assert.equal(errorOf(await called(any, get(`http://${host}/`))), 'TOOL_REFUSED', host)
  }
  assert.equal(errorOf(await called(only, get(`http://api.test:${port}/`))), 'TOOL_REFUSED')
  const mixed = calling([{ origin: `http://api.test:${port}` }], {
    resolve: async () => ['127.0.0.1', '10.0.0.1'],
  })
  assert.equal(errorOf(await called(mixed, get(`http://api.test:${port}/`))), 'TOOL_REFUSED')
  assert.deepEqual(seen, [])
})

test('a name that is private the second time is asked again at a redirect, and refused', async (t) => {
  const { seen, origin } = await serving(t, (_request, response) => {
    response.writeHead(302, { location: '/secret' }).end()
  })
  let times = 0
  const resolve = async () => [['127.0.0.1'], ['169.254.169.254']][times++] as string[]
  const answer = await called(calling([{ origin }], { resolve }), get(`${origin}/`))
  assert.equal(errorOf(answer), 'TOOL_REFUSED')
  assert.deepEqual([times, seen.length], [2, 1])
})

test('a redirect is followed where its goal is allowed, and carries no credentials there', async (t) => {
  const other = await serving(t, json)
  const goal = `http://other.test:${other.port}`
  const own = await serving(t, (request, response) => {
    const [, status = '', hex = ''] = (request.url as string).split('/')
    response.writeHead(Number(status), { location: Buffer.from(hex, 'hex').toString() }).end()
  })
  const first = `http://api.test:${own.port}`
  const tool = calling(
    [
      { origin: first, headers: { authorization: { secret: 'KEY', prefix: 'Bearer ' } } },
      { origin: goal, paths: ['/open'] },
    ],
    { secrets: () => 'hush-hush' },
  )
  const redirect = (url: string, status = 302): Json =>
    get(`${first}/${status}/${Buffer.from(url).toString('hex')}`)
  assert.deepEqual(bodyOf(await called(tool, redirect(`${goal}/open`))), { state: 'sent' })
  assert.equal(own.seen[0]?.headers.authorization, 'Bearer hush-hush')
  assert.equal(other.seen[0]?.headers.authorization, undefined)
  for (const url of [
    `${goal}/other`,
    'http://127.0.0.1/open',
    'http://evil.test/',
    'file:///etc/passwd',
    `http://user:pass@other.test:${other.port}/open`,
  ]) {
    assert.equal(errorOf(await called(tool, redirect(url))), 'TOOL_REFUSED', url)
  }
  assert.equal(other.seen.length, 1)
})

test('over https the certificate is for the name, and one that nobody signed is refused', async (t) => {
  const names: string[] = []
  let reached = 0
  const SNICallback = (name: string, use: (error: null) => void): void => {
    names.push(name)
    use(null)
  }
  const server = createSecureServer({ ...selfSigned, SNICallback }, () => (reached += 1))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const origin = `https://api.test:${(server.address() as AddressInfo).port}`
  const answer = await called(calling([{ origin }]), get(origin))
  assert.match(JSON.stringify(answer), /TOOL_UNREACHABLE.*DEPTH_ZERO_SELF_SIGNED_CERT/)
  assert.deepEqual([names, reached], [['api.test'], 0])
})

test('a redirect changes the method as fetch does, and there are not many of them', async (t) => {
  const { seen, origin } = await serving(t, (request, response) => {
    const [, status = ''] = (request.url as string).split('/')
    if (status === 'end') return json(request, response)
    response.writeHead(Number(status), { location: status === '300' ? '/x' : '/end' }).end()
  })
  const rules = [{ origin, methods: ['GET', 'POST'] as const }]
  const tool = calling(rules, { approval: false, maxRedirects: 1 })
  const post = (status: number): Json => ({ method: 'POST', url: `${origin}/${status}`, json: 1 })
  for (const status of [301, 302, 303, 307, 308]) await called(tool, post(status))
  const ends = seen.filter(({ url }) => url === '/end')
  assert.deepEqual(
    ends.map(({ method }) => method),
    ['GET', 'GET', 'GET', 'POST', 'POST'],
  )
  assert.equal(ends[0]?.headers['content-type'], undefined)
  const ring = await serving(t, (_request, response) => {
    response.writeHead(302, { location: '/' }).end()
  })
  const answer = await called(calling([{ origin: ring.origin }]), get(ring.origin))
  assert.deepEqual([errorOf(answer), ring.seen.length], ['TOOL_REFUSED', 4])
})

test('an answer is read to its limit, unpacked, and no further', async (t) => {
  const bomb = gzipSync(Buffer.alloc(50 * 2 ** 20))
  let written = 0
  const { origin } = await serving(t, (request, response) => {
    response.setHeader('content-type', 'text/plain; charset=utf-8')
    if (request.url === '/bomb') {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
    } else if (request.url === '/small') {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('grüezi'))
    } else if (request.url === '/odd') {
      response.writeHead(200, { 'content-encoding': 'zstd' }).end('x')
    } else if (request.url === '/torn') {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb.subarray(0, 40))
    } else {
      const more = (): void => {
        written += 1
        response.write(Buffer.alloc(16_384, 'x'), (error) => error ?? more())
      }
      more()
    }
  })
  const tool = calling([{ origin }], { maxBytes: 100_000 })
  assert.equal(bodyOf(await called(tool, get(`${origin}/small`))), 'grüezi')
  assert.equal(errorOf(await called(tool, get(`${origin}/bomb`))), 'TOOL_OUTPUT_TOO_LARGE')
  assert.equal(errorOf(await called(tool, get(`${origin}/endless`))), 'TOOL_OUTPUT_TOO_LARGE')
  assert.equal(errorOf(await called(tool, get(`${origin}/odd`))), 'TOOL_REFUSED')
  assert.equal(errorOf(await called(tool, get(`${origin}/torn`))), 'TOOL_UNREACHABLE')
  assert.ok(written > 0)
})

test('content that is not let through is refused; a status is no error', async (t) => {
  const { origin } = await serving(t, (request, response) => {
    if (request.url === '/none') return void response.writeHead(204).end()
    const type = request.url === '/404' ? 'application/problem+json' : 'image/png'
    response.writeHead(request.url === '/404' ? 404 : 200, { 'content-type': type })
    response.end('{"title":"no such order"}')
  })
  const tool = calling([{ origin }])
  assert.equal(errorOf(await called(tool, get(`${origin}/picture`))), 'TOOL_REFUSED')
  assert.equal(((await called(tool, get(`${origin}/none`))) as { status: number }).status, 204)
  const gone = await called(tool, get(`${origin}/404`))
  assert.deepEqual(gone, {
    status: 404,
    type: 'application/problem+json',
    body: { title: 'no such order' },
  })
})

test('an abort ends a call wherever it is: before an answer, within one, and in the look-up', async (t) => {
  const reason = new Error('enough')
  const caller = new AbortController()
  const { origin } = await serving(t, (request, response) => {
    if (request.url === '/body') {
      response.writeHead(200, { 'content-type': 'text/plain' })
      response.write('slow', () => caller.abort(reason))
    } else caller.abort(reason)
  })
  const tool = calling([{ origin }])
  assert.match(JSON.stringify(await called(tool, get(`${origin}/body`), caller.signal)), /enough/)
  const second = new AbortController()
  const silent = await serving(t, () => second.abort(reason))
  const never = await called(
    calling([{ origin: silent.origin }]),
    get(silent.origin),
    second.signal,
  )
  assert.match(JSON.stringify(never), /enough/)
  const third = new AbortController()
  const lost = calling([{ origin }], {
    resolve: () => {
      third.abort(reason)
      return new Promise(() => undefined)
    },
  })
  assert.match(JSON.stringify(await called(lost, get(origin), third.signal)), /enough/)
})

test('what cannot be reached is told by its origin and a code; another address is tried when nothing was sent', async (t) => {
  const { origin, port } = await serving(t, json)
  const none = calling([{ origin }], { resolve: async () => [] })
  assert.match(
    JSON.stringify(await called(none, get(`${origin}/x?q=1`))),
    /UNREACHABLE.*no such host/,
  )
  const broken = await serving(t, (request) => request.socket.destroy())
  const answer = await called(calling([{ origin: broken.origin }]), get(`${broken.origin}/x?key=7`))
  assert.equal(errorOf(answer), 'TOOL_UNREACHABLE')
  assert.doesNotMatch(JSON.stringify(answer), /key=7/)
  // Nobody listens on the first.
  const both = calling([{ origin }], {
    resolve: async () => ['127.0.0.2', '127.0.0.1'],
    allowPrivate: ['127.0.0.0/8'],
  })
  assert.deepEqual(bodyOf(await called(both, get(`http://api.test:${port}/`))), { state: 'sent' })
})

test('a model sets no header but those that are its own', async (t) => {
  const { seen, origin } = await serving(t, json)
  const tool = calling([{ origin, headers: { 'x-shop': 'a' } }], { modelHeaders: ['x-page'] })
  const headers = (given: Json): Json => ({ method: 'GET', url: origin, headers: given })
  await called(tool, headers({ 'X-Page': '2' }))
  assert.deepEqual([seen[0]?.headers['x-page'], seen[0]?.headers['x-shop']], ['2', 'a'])
  for (const given of [
    { authorization: 'x' },
    { Host: 'evil.test' },
    { cookie: 'x' },
    { 'x-page': 'a\r\nhost: evil.test' },
    { 'x-page': 1 },
  ]) {
    assert.equal(errorOf(await called(tool, headers(given))), 'PAYLOAD_INVALID')
  }
  assert.equal(seen.length, 1)
})

test('reading is idempotent; what changes something is not, unless its service knows a key', async (t) => {
  const { seen, origin } = await serving(t, json)
  const rules: HttpRule[] = [
    { origin, methods: ['GET', 'POST'] },
    { origin: 'https://pay.test', methods: ['POST'], idempotencyKey: 'Idempotency-Key' },
  ]
  assert.throws(() => calling(rules), code('OPTION_INVALID'))
  const tool = calling(rules, { approval: { within: 1_000 } })
  const of = (method: string, url: string) => tool.idempotent({ method, url, headers: {} })
  assert.deepEqual(
    [of('GET', origin), of('POST', origin), of('POST', 'https://pay.test/')],
    [true, false, true],
  )
  assert.equal(tool.approval?.when?.({ method: 'GET' }), false)
  assert.equal(tool.approval?.when?.({ method: 'POST' }), true)
  const keyed = calling([{ origin, methods: ['POST'], idempotencyKey: 'Idempotency-Key' }], {
    approval: false,
  })
  await called(keyed, { method: 'POST', url: origin, json: { n: 1 } })
  assert.equal(seen[0]?.headers['idempotency-key'], 'step-1')
})

test('a definition that would leak or allow by mistake is refused where it is made', () => {
  const secret = { authorization: { secret: 'KEY' } }
  const wrong: Partial<HttpToolOptions>[] = [
    { allow: [] },
    { allow: [{ origin: 'https://api.test/v1' }] },
    { allow: [{ origin: 'https://API.test' }] },
    { allow: [{ origin: 'https://api.test:443' }] },
    { allow: [{ origin: 'https://a@api.test' }] },
    { allow: [{ origin: 'ftp://api.test' }] },
    { allow: [{ origin: 'https://api.*' }] },
    { allow: [{ origin: 'https://api.test', paths: ['orders'] }] },
    { allow: [{ origin: 'https://api.test', paths: ['/a*'] }] },
    { allow: [{ origin: 'https://api.test', methods: ['TRACE' as never] }] },
    { allow: [{ origin: 'https://api.test', headers: secret }] },
    { allow: [{ origin: 'https://*', headers: secret }], secrets: () => 'x' },
    {
      allow: [{ origin: 'http://api.test', headers: secret }],
      secrets: () => 'x',
      allowPrivate: [],
    },
    { allowPrivate: ['localhost'] },
    { allowPrivate: ['10.0.0.0/40'] },
    { modelHeaders: ['Authorization'] },
    { proxy: 'http://x' } as never,
  ]
  for (const options of wrong) {
    assert.throws(
      () => calling([{ origin: 'https://api.test' }], options),
      code('OPTION_INVALID'),
      JSON.stringify(options),
    )
  }
})

test('a secret is in no request to the model, in no error and nowhere in the store, whatever the service repeats', async (t) => {
  const token = 'tk-"42"/+secret??>'
  const { seen, origin } = await serving(t, (request, response) => {
    response.setHeader('content-type', 'application/json')
    const sent = request.headers.authorization
    const packed = Buffer.from(token).toString('base64')
    response.end(JSON.stringify({ sent, packed, url: encodeURIComponent(token) }))
  })
  const folder = mkdtempSync(join(tmpdir(), 'secret-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const authorization = { secret: 'SHOP_TOKEN', prefix: 'Bearer ' }
  const tool = calling([{ origin, paths: ['/me'], headers: { authorization } }], {
    secrets: (name) => {
      assert.equal(name, 'SHOP_TOKEN')
      return token
    },
  })
  const failing = httpTool({
    name: 'failing',
    description: 'Finds no secret.',
    allow: [{ origin, headers: { authorization } }],
    allowPrivate: ['127.0.0.1'],
    resolve: here,
    secrets: () => {
      throw new Error(`not ${token}`)
    },
  })
  const model = scriptedModel([
    {
      toolCalls: [
        { name: 'api', input: get(`${origin}/me`) },
        { name: 'failing', input: get(`${origin}/me`) },
      ],
    },
    'Done.',
  ])
  const clock = new VirtualClock()
  const support = agent(Support, {
    model,
    instructions: 'Be brief.',
    tools: [tool, failing],
    clock,
  })
  const store = join(folder, 'store.db')
  const system = await createSystem(app(import.meta.url, { actors: [support] }), {
    store,
    workers: 0,
  })
  t.after(() => system.close())
  assert.equal(done(await system.ref(Support, 'anna').ask.say('Who am I?')), 'Done.')
  await system.close()
  assert.equal(seen.length, 1)
  assert.equal(seen[0]?.headers.authorization, `Bearer ${token}`)
  const read = JSON.stringify(model.requests)
  assert.match(read, /\[secret SHOP_TOKEN\]/)
  assert.match(read, /TOOL_REFUSED/)
  const kept = readdirSync(folder).map((name) => readFileSync(join(folder, name)))
  assert.ok(Buffer.concat(kept).includes('[secret SHOP_TOKEN]'))
  const forms = [token, JSON.stringify(token).slice(1, -1), encodeURIComponent(token)]
  for (const form of [...forms, Buffer.from(token).toString('base64')]) {
    for (const bytes of [Buffer.from(read), ...kept]) assert.ok(!bytes.includes(form), form)
  }
  assert.doesNotMatch(read, /\+secret/)
})

test('D2: an agent calls, is told what it may not, and a slow answer ends at the timeout', async (t) => {
  const clock = new VirtualClock()
  const { origin } = await serving(t, (request, response) => {
    if (request.url === '/orders/1') return json(request, response)
    // It holds the line; time passes.
    clock.advance(30_000)
  })
  const calls = ['/orders/1', '/admin', '/orders/slow'].map((path) => ({
    name: 'api',
    input: get(origin + path),
  }))
  const model = scriptedModel([...calls.map((call) => ({ toolCalls: [call] })), 'Done.'])
  const tools = [calling([{ origin, paths: ['/orders/*'] }])]
  const { anna } = await supportAgent(t, model, { tools, clock })
  assert.equal(done(await anna.ask.say('Look.')), 'Done.')
  const lines = told(model.requests.at(-1) as never).filter((line) => line.includes('has api'))
  assert.match(lines[0] as string, /"state":"sent"/)
  assert.match(lines[1] as string, /TOOL_REFUSED.*Allowed: GET\/HEAD http:\/\/api\.test/)
  assert.match(lines[2] as string, /TOOL_TIMEOUT/)
})
