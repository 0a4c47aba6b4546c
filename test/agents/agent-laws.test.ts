/** Agents keep the laws of actors: crashes, cancelling, steering, and waiting for a human. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { approvalsTopic } from '../../actors/agents/agent/approvals.ts'
import { type AgentOptions, agent } from '../../actors/agents/agent.ts'
import {
  type AgentEvent,
  type AgentReply,
  type Approval,
  outputOf,
} from '../../actors/agents/conversation.ts'
import { type ScriptLine, scriptedModel } from '../../actors/agents/models/scripted.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import { code, Gate, settled, watched } from '../durable/support.ts'
import { World } from '../durable/world.ts'
import { lookup, Support, told } from './agent-support.ts'

/** A world with the agent `support/anna`, and what its model was asked. */
function support(
  script: readonly ScriptLine[],
  options: Partial<AgentOptions<string, unknown>> = {},
  others: readonly ReturnType<typeof listener>[] = [],
) {
  const model = scriptedModel(script)
  // Worlds that crash leave calls behind: on a real clock their timeouts would keep the process.
  const clock = new VirtualClock()
  const definition = agent(Support, { model, instructions: 'Be brief.', clock, ...options })
  const w = new World({ actors: [definition, ...others] })
  return { w, model, anna: (world: World) => world.ref(Support, 'anna') }
}

const refund = (gate?: Gate) =>
  lookup('refund', async (key) => {
    await gate?.pass()
    return `paid ${key}`
  })

const calls = (...keys: string[]) => ({
  toolCalls: keys.map((key) => ({ name: 'refund', input: { key } })),
})

/** What a conversation came to. */
const lines = async (w: World): Promise<string[]> => {
  const page = await settled(w, w.ref(Support, 'anna').ask.history({}))
  return told({ messages: page.messages } as never)
}

test('D2: after a crash no completed call is made again, and of a parallel set only the missing ones are', async () => {
  const gate = new Gate()
  const made: string[] = []
  const tools = ['fast', 'slow'].map(
    (name) =>
      lookup(
        name,
        async (key) => {
          made.push(`${name} ${key}`)
          if (name === 'slow') await gate.pass()
          return key
        },
        { idempotent: true },
      ).tool,
  )
  const both = {
    toolCalls: ['fast', 'slow', 'fast'].map((name, n) => ({ name, input: { key: `${n}` } })),
  }
  const { w, model, anna } = support([both, 'Done.'], { tools })
  await settled(w, anna(w).deliver.say('Do all three.', { id: 'job' }))
  assert.deepEqual(made, ['fast 0', 'slow 1', 'fast 2'])
  const next = w.crash()
  await next.settle()
  assert.deepEqual(made.slice(3), ['slow 1'])
  assert.equal(model.requests.length, 1)
  gate.open()
  const reply = await settled(next, anna(next).ask.say('Do all three.', { id: 'job' }))
  assert.equal(outputOf(reply), 'Done.')
  assert.equal(model.requests.length, 2)
  next.assertBalanced()
})

test('D2: a call that is not idempotent and was cut off by a crash is not made again; its model is told', async () => {
  const { tool, calls: made } = refund(new Gate())
  const { w, model, anna } = support([calls('A1'), 'I have to look.'], { tools: [tool] })
  await settled(w, anna(w).deliver.say('Pay A1 back.', { id: 'job' }))
  const next = w.crash()
  await next.settle()
  assert.deepEqual(made, ['A1'])
  assert.match(told(model.requests[1] as never).at(-1) as string, /IN_DOUBT/)
})

test('D2: a tool may say for each call whether it runs again after it was cut off', async () => {
  const { tool, calls: made } = lookup('refund', () => new Promise(() => undefined), {
    idempotent: ({ key }: { key: string }) => key.startsWith('look'),
  })
  const { w, anna } = support([calls('look', 'pay')], { tools: [tool] })
  await settled(w, anna(w).deliver.say('Both.', { id: 'job' }))
  await w.crash().settle()
  assert.deepEqual(made, ['look', 'pay', 'look'])
})

test('a caller that gives up stops the model, and what it said by then is kept', async () => {
  const gate = new Gate()
  const { w, anna } = support([
    { text: ['I was ', 'saying'] },
    { after: gate.opened, text: 'never' },
    'Yes.',
  ])
  await settled(w, anna(w).ask.say('First.'))
  const caller = new AbortController()
  const reply = watched(anna(w).ask.say('Second.', { signal: caller.signal }))
  await w.settle()
  caller.abort()
  await assert.rejects(settled(w, reply.promise), code('CANCELLED'))
  const status = await settled(w, anna(w).ask.status())
  assert.equal(status.last?.status, 'interrupted')
  assert.equal(outputOf(await settled(w, anna(w).ask.say('Third.'))), 'Yes.')
  assert.deepEqual(await lines(w), [
    'user: First.',
    'assistant: I was saying',
    'user: Second.',
    'user: Third.',
    'assistant: Yes.',
  ])
  w.assertBalanced()
})

test('a reader that leaves the stream stops the model in the middle, and the half of it is kept', async () => {
  const { w, anna } = support([{ text: Array.from({ length: 500 }, (_, n) => `${n} `) }, 'Yes.'])
  const reading = (async () => {
    for await (const event of anna(w).stream.say('Count.')) if (event.type === 'text') break
  })()
  await settled(w, reading)
  await w.settle()
  const status = await settled(w, anna(w).ask.status())
  assert.equal(status.last?.status, 'interrupted')
  assert.ok(status.spent.tokens > 0)
  const [, half = ''] = await lines(w)
  assert.match(half, /^assistant: 0 1 /)
  assert.doesNotMatch(half, /499/)
  w.assertBalanced()
})

test('M6: who holds the grant of a turn interrupts it; its asker gets what was said', async () => {
  const gate = new Gate()
  const { w, anna } = support([{ after: gate.opened, text: 'never' }])
  const stream = anna(w).stream.say('Think.')
  const first = await settled(w, stream[Symbol.asyncIterator]().next())
  const began = first.value as AgentEvent & { type: 'began' }
  w.outside.interrupt(began.grant, began.message)
  const reply = await settled(w, stream.reply)
  assert.equal(reply.status, 'interrupted')
  w.assertBalanced()
})

test('a busy agent gives way to who steers before its next call, and that turn goes on', async () => {
  const gate = new Gate()
  const { tool } = refund(gate)
  const { w, model, anna } = support([calls('A1'), 'Only A1, as you wish.'], { tools: [tool] })
  const first = watched(anna(w).ask.say('Pay A1 and B2 back.'))
  await w.settle()
  const second = watched(anna(w).ask.steer('Only A1!', { lane: 'control' }))
  await w.settle()
  gate.open()
  assert.equal((await settled(w, first.promise)).status, 'steered')
  assert.equal(outputOf(await settled(w, second.promise)), 'Only A1, as you wish.')
  assert.deepEqual(told(model.requests[1] as never), [
    'user: Pay A1 and B2 back.',
    'assistant calls refund',
    'user has refund: "paid A1"',
    'user: Only A1!',
  ])
  await w.settle()
  assert.equal(model.requests.length, 2, 'what was steered does not go on by itself as well')
  w.assertBalanced()
})

test('an agent that gave way to a message that ran out goes on by itself', async () => {
  const gate = new Gate()
  const { tool } = refund(gate)
  const { w, anna } = support([calls('A1'), 'A1 is paid.'], { tools: [tool] })
  const first = watched(anna(w).ask.say('Pay A1 back.'))
  await w.settle()
  anna(w).tell.steer('Wait!', { lane: 'control', within: 5 })
  await w.advance(10)
  gate.open()
  assert.equal((await settled(w, first.promise)).status, 'steered')
  assert.equal((await lines(w)).at(-1), 'assistant: A1 is paid.')
  w.assertBalanced()
})

const Inbox = contract('inbox', {
  asked: message<{ approval: Approval }>(),
  seen: message<void, string[]>(),
})

function listener() {
  return actor(Inbox, {
    durable: true,
    state: () => ({ seen: [] as string[] }),
    onStart: (ctx) => ctx.subscribe(approvalsTopic, 'asked'),
    on: {
      asked(ctx, { approval }) {
        ctx.state.seen.push(approval.id)
      },
      seen: (ctx) => ctx.state.seen,
    },
  })
}

const held = (gate?: Gate) =>
  lookup(
    'refund',
    async (key) => {
      await gate?.pass()
      return `paid ${key}`
    },
    { approval: { within: 60_000, when: ({ key }: { key: string }) => key !== 'small' } },
  )

const waitingFor = (reply: AgentReply): string[] => {
  assert.equal(reply.status, 'waiting')
  return reply.status === 'waiting' ? reply.approvals.map(({ id }) => id) : []
}

test('an approval waits in the store and nowhere else: it outlives a crash, once, and nothing is done twice', async () => {
  const { tool, calls: made } = held()
  const { w, model, anna } = support(
    [calls('small', 'A1', 'B2'), 'A1 is paid, B2 is not.'],
    { tools: [tool] },
    [listener()],
  )
  await settled(w, w.ref(Inbox, 'i').ask.seen())
  const [first, second] = waitingFor(await settled(w, anna(w).ask.say('Pay all back.')))
  assert.deepEqual(made, ['small'])
  assert.deepEqual(await settled(w, w.ref(Inbox, 'i').ask.seen()), [first, second])
  await assert.rejects(settled(w, anna(w).ask.say('And?')), code('AGENT_WAITING'))

  const next = w.crash()
  await next.settle()
  const { approvals } = await settled(next, anna(next).ask.status())
  assert.deepEqual(
    approvals.map(({ id }) => id),
    [first, second],
  )
  assert.deepEqual(made, ['small'])
  const approve = { approval: first as string, approve: true, by: 'dora' }
  assert.deepEqual(waitingFor(await settled(next, anna(next).ask.decide(approve))), [second])
  assert.deepEqual(made, ['small', 'A1'])
  await assert.rejects(settled(next, anna(next).ask.decide(approve)), code('APPROVAL_GONE'))

  const last = next.crash()
  const refuse = { approval: second as string, approve: false, by: 'dora', note: 'Too late.' }
  const reply = await settled(last, anna(last).ask.decide(refuse))
  assert.equal(outputOf(reply), 'A1 is paid, B2 is not.')
  assert.deepEqual(made, ['small', 'A1'])
  assert.deepEqual(told(model.requests[1] as never).slice(-3), [
    'user has refund: "paid small"',
    'user has refund: "paid A1"',
    'user has refund: {"error":"APPROVAL_REFUSED","message":"dora did not allow it. Too late."}',
  ])
  last.assertBalanced()
})

test('an approval that nobody answers is refused at its deadline, after a restart too', async () => {
  const { tool, calls: made } = held()
  const { w, model, anna } = support([calls('A1'), 'Nobody was there.'], { tools: [tool] })
  waitingFor(await settled(w, anna(w).ask.say('Pay A1 back.')))
  const next = w.crash(60_001)
  await next.advance(0)
  assert.deepEqual(made, [])
  assert.match(told(model.requests[1] as never).at(-1) as string, /APPROVAL_REFUSED/)
  assert.equal((await lines(next)).at(-1), 'assistant: Nobody was there.')
  next.assertBalanced()
})

test('D3: a turn of a conversation of 220 messages costs what it adds, and none of them is stored again', async () => {
  const { tool } = lookup('refund', () => 'paid')
  const rounds = Array.from({ length: 110 }, (_, n) => calls(`key ${n}`))
  const { w, anna } = support(['Fine.', ...rounds, 'All paid.', 'Fine.'], {
    tools: [tool],
    memory: { tokens: 400, summary: false },
    budget: { turn: { steps: 1_000 } },
  })
  const bytesOf = async (text: string): Promise<number> => {
    const before = w.records().length
    await settled(w, anna(w).ask.say(text))
    return w
      .records()
      .slice(before)
      .reduce((sum, record) => sum + sizeOf(record), 0)
  }
  const early = await bytesOf('How are you?')
  await bytesOf('Pay all back.')
  const late = await bytesOf('How are you?')
  assert.ok((await settled(w, anna(w).ask.status())).messages > 220)
  assert.ok(late <= early + 32, `${early} bytes at first, ${late} after 220 messages`)
})

function sizeOf(record: object): number {
  return Object.values(record).reduce<number>(
    (sum, value) => sum + (value instanceof Uint8Array ? value.byteLength : 0),
    0,
  )
}
