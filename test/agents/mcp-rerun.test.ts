/** R1: a turn with tools of an MCP server runs again without that server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outputOf } from '../../actors/agents/conversation.ts'
import { openRecording, rerun } from '../../runtime/replay/index.ts'
import { fileOf, systemOf } from '../system/support.ts'
import library, { Librarian } from './mcp.app.ts'
import { filesHandler, serve } from './mcp-http.ts'

test('R1, R2: turns with tools of an MCP server run again from their history, and ask nobody', async (t) => {
  const calls: string[] = []
  const { handler, requests } = filesHandler({ calls })
  process.env['MCP_URL'] = await serve(t, handler)
  const store = fileOf(t)
  const system = await systemOf(t, library, { store, workers: 0 })
  const anna = system.ref(Librarian, 'anna')
  assert.equal(outputOf(await anna.ask.say('Read a.')), 'It says: content of a')
  assert.equal(outputOf(await anna.ask.say('Read it again.')), 'It says: content of a')
  await system.close()
  const asked = requests.length
  const { reader, close } = openRecording(store)
  t.after(close)
  const report = await rerun(reader, library as never)
  assert.deepEqual(report.divergences, [])
  assert.equal(report.turns, 2)
  assert.equal(requests.length, asked)
  assert.deepEqual(calls, ['read a', 'read a'])
})
