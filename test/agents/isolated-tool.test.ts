/** Tools on threads of their own: what they burn is not the agents' time, and what does not end is ended. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { agent } from '../../actors/agents/agent.ts'
import { outputOf } from '../../actors/agents/conversation.ts'
import { isolatedTool } from '../../actors/agents/isolated-tool.ts'
import { scriptedModel } from '../../actors/agents/models/scripted.ts'
import { app } from '../../actors/app.ts'
import { createTestSystem } from '../../runtime/testing/index.ts'
import { code } from '../durable/support.ts'
import { eventOf, folderOf, systemOf } from '../system/support.ts'
import { Support } from './agent-support.ts'
import crunching, { Cruncher, Talker } from './isolated.app.ts'

test('a tool that burns or never ends holds its own thread: others answer, the loop is an error at its timeout, its thread is replaced and it does not run again', async (t) => {
  const notes = join(folderOf(t), 'notes')
  process.env['ISOLATED_NOTES'] = notes
  const noted = () => readFileSync(notes, 'utf8').trim().split('\n')
  const blockLimit = Number.POSITIVE_INFINITY
  const system = await systemOf(t, crunching, { store: 'memory', workers: 1, blockLimit })
  const talker = system.ref(Talker, 't')
  const cruncher = system.ref(Cruncher, 'c')

  // It burns until somebody else has answered, on the one host that both agents share.
  const flag = join(folderOf(t), 'flag')
  const burning = cruncher.ask.say(flag)
  while (!existsSync(notes)) await new Promise(setImmediate)
  assert.equal(outputOf(await talker.ask.say('Are you there?')), 'Here.')
  writeFileSync(flag, '')
  assert.equal(outputOf(await burning), '{"burnt":"all"}')
  assert.match(outputOf(await cruncher.ask.say('nothing')), /"error":"TERMINAL".*nothing to burn/)

  const lost = eventOf(system, 'host-lost')
  const back = eventOf(system, 'host-started')
  assert.match(outputOf(await cruncher.ask.say('loop')), /"error":"TOOL_TIMEOUT"/)
  await lost
  await back
  await system.quiet()
  assert.deepEqual(noted(), ['burn for cruncher/c', 'loop'])
  assert.equal(outputOf(await cruncher.ask.say(flag)), '{"burnt":"all"}')
})

test('its actor comes with the agents that have it, once, and its input is checked on both sides', async (t) => {
  const seen: unknown[] = []
  const make = (name: string) =>
    isolatedTool({
      name,
      description: 'Sees.',
      // What a schema makes of it need not be encodable: it is made where it is used.
      input: z.object({ when: z.iso.date().transform((day) => new URL(`http://x/${day}`)) }),
      execute: ({ when }) => void seen.push(when.pathname),
    })
  const see = make('see')
  const model = scriptedModel([
    {
      toolCalls: [
        { name: 'see', input: { when: '2026-11-25' } },
        { name: 'see', input: {} },
      ],
    },
    'Done.',
  ])
  const one = agent(Support, { model, instructions: 'x', tools: [see] })
  const system = await createTestSystem(app(import.meta.url, { actors: [one] }))
  t.after(() => system.close())
  assert.equal(outputOf(await system.ref(Support, 'a').ask.say('Go.')), 'Done.')
  assert.deepEqual(seen, ['/2026-11-25'])
  const results = model.requests[1]?.messages.at(-1)?.parts
  assert.match(JSON.stringify(results?.[1]), /PAYLOAD_INVALID/)
  const other = agent(
    { ...Support, type: 'other' } as never,
    { model, instructions: 'x', tools: [see] } as never,
  )
  assert.equal(app(import.meta.url, { actors: [one, other] as never }).actors.size, 3)
  const same = agent(Support, {
    model,
    instructions: 'x',
    tools: [see, make('see2'), make('see3')],
  })
  assert.equal(app(import.meta.url, { actors: [same] }).actors.size, 4)
  const clash = agent(
    { ...Support, type: 'other' } as never,
    { model, instructions: 'x', tools: [make('see')] } as never,
  )
  assert.throws(() => app(import.meta.url, { actors: [one, clash] as never }), code('APP_INVALID'))
  assert.throws(() => app(import.meta.url, { actors: [one, one] }), code('APP_INVALID'))
})
