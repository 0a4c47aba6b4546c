/** MCP servers that are child processes: what they are given, their crash, and their end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { code } from '../durable/support.ts'
import { connect } from './mcp-http.ts'

const never = new AbortController().signal
const child = (env: object = {}) => ({
  command: process.execPath,
  args: [
    '--disable-warning=ExperimentalWarning',
    fileURLToPath(new URL('mcp-child.ts', import.meta.url)),
  ],
  env: env as Record<string, string>,
})

test('a child process: it gets its own variables alone, its crash ends one call, a changed list is seen, and it ends with its connection', async (t) => {
  process.env['OURS_ALONE'] = 'not for servers'
  const env = { KEY: { secret: 'KEY' }, MODE: 'test' }
  const { client } = connect(t, child(env), { secrets: (name) => `${name} is hidden` })
  const own = async (what: string) => String(await client.call('own', { what }, never))
  const names = async () => (await client.tools(never)).map(({ name }) => name)

  assert.ok((await names()).includes('read'))
  assert.equal(await own('MODE'), 'test')
  assert.equal(await own('KEY'), '[secret KEY]')
  assert.equal(await own('OURS_ALONE'), 'undefined')

  const caller = new AbortController()
  const given = client.call('wait', { path: 'a' }, caller.signal)
  const up = client.call('read', { path: 'a' }, never)
  await up
  caller.abort(new Error('enough'))
  await assert.rejects(given, /enough/)
  assert.equal(await own('stopped'), '1')

  await client.call('grow', { path: 'brandnew' }, never)
  while (!(await names()).includes('brandnew')) await new Promise(setImmediate)

  const first = await own('pid')
  await assert.rejects(client.call('crash', { path: 'a' }, never), (error: Error) => {
    code('MCP_UNAVAILABLE')(error)
    assert.match(error.message, /whether it took effect is not known/)
    return true
  })
  const second = await own('pid')
  assert.notEqual(first, second)

  await client.close()
  assert.throws(() => process.kill(Number(second), 0), { code: 'ESRCH' })
})

test('a child process of an older revision is started once', async (t) => {
  const { client } = connect(t, child(), { revision: 'old' })
  assert.equal(await client.call('read', { path: 'a' }, never), 'content of a')
})

test('a command that is not there is told as such', async (t) => {
  const { client } = connect(t, { command: '/nowhere/at-all' })
  await assert.rejects(client.tools(never), (error: Error) => {
    code('MCP_UNAVAILABLE')(error)
    assert.match(error.message, /ENOENT/)
    return true
  })
})
