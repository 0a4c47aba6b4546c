/** An agent whose process is killed in the middle of a model call goes on with that call, and with nothing before it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { outputOf } from '../../actors/agents/conversation.ts'
import { fromSources } from '../house/from-sources.ts'
import { folderOf, systemOf } from '../system/support.ts'

const child = fileURLToPath(new URL('./killed-child.ts', import.meta.url))

/** Runs until the notes have so many lines, and kills it there. */
async function killedAfter(
  t: TestContext,
  lines: number,
  store: string,
  notes: string,
): Promise<void> {
  writeFileSync(notes, '')
  const env = { ...process.env, NOTES: notes, DIES: 'yes' }
  const running = spawn(process.execPath, [...fromSources, child, store], { env })
  const gone = once(running, 'exit')
  t.after(() => running.kill('SIGKILL'))
  const enough = Promise.withResolvers<void>()
  running.stdout.on('data', () => {
    if (notesIn(notes).length >= lines) enough.resolve()
  })
  await Promise.race([enough.promise, gone])
  running.kill('SIGKILL')
  const [, signal] = await gone
  assert.equal(signal, 'SIGKILL')
}

const notesIn = (notes: string): string[] => readFileSync(notes, 'utf8').split('\n').slice(0, -1)

test('D2: killed with SIGKILL while its model speaks, an agent repeats that call and none before it', async (t) => {
  const folder = folderOf(t)
  const [store, notes] = [join(folder, 'test.db'), join(folder, 'notes')]
  await killedAfter(t, 3, store, notes)
  assert.deepEqual(notesIn(notes), ['asked after text', 'paid A1', 'asked after tool-result'])
  process.env['NOTES'] = notes
  t.after(() => {
    delete process.env['NOTES']
  })
  const { default: support, Support } = await import('./killed.app.ts')
  const system = await systemOf(t, support, { store, workers: 0 })
  const anna = system.ref(Support, 'anna')
  assert.equal(outputOf(await anna.ask.say('Pay A1.', { id: 'job' })), 'It is paid.')
  assert.deepEqual(notesIn(notes).slice(3), ['asked after tool-result'])
  assert.equal((await anna.ask.status()).messages, 4)
})
