/** R2: the turns of agents do again what they did, without a model, a tool or a clock. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outputOf } from '../../actors/agents/conversation.ts'
import { code } from '../durable/support.ts'
import { troupe } from '../replay/cli.ts'
import { fileOf, systemOf } from '../system/support.ts'
import desk, { Support } from './rerun.app.ts'

test('R2: agents run again from their history: tools, approvals, other agents, a summary, an interrupt, a budget', async (t) => {
  const store = fileOf(t)
  const system = await systemOf(t, desk, { store, workers: 0 })
  const anna = system.ref(Support, 'anna')
  assert.equal(outputOf(await anna.ask.say('Who knows?')), 'Both know.')
  const reply = await anna.ask.say('Pay A1, which is the order that I made before the last one.')
  assert.equal(reply.status, 'waiting')
  const approval = reply.status === 'waiting' ? (reply.approvals[0]?.id ?? '') : ''
  assert.equal(outputOf(await anna.ask.decide({ approval, approve: true })), 'It is paid.')
  const stream = anna.stream.say('Think about it for as long as you like.')
  for await (const event of stream) if (event.type === 'text') break
  await stream.reply.catch(() => undefined)
  const last = await anna.ask.say('Look, and look again.')
  assert.throws(() => outputOf(last), code('BUDGET_EXCEEDED'))
  await system.close()
  const { code: exit, stdout } = await troupe(['rerun', store])
  assert.match(stdout, /all do what they did/)
  assert.equal(exit, 0)
})
