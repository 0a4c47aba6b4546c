/** The customer support in one thread, under a test's clock. */
import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { app, type System } from 'troupe'
import { outputOf } from 'troupe/agents'
import { type LimitRules, limitTurn } from 'troupe/patterns'
import { createTestSystem } from 'troupe/testing'
import { memoryTokens, support } from '../../../examples/customer-support/agent/support.ts'
import { voice } from '../../../examples/customer-support/agent/voice.ts'
import { AnswerView } from '../../../examples/customer-support/cli/answer-view.ts'
import { parseArguments } from '../../../examples/customer-support/cli/arguments.ts'
import { problemOf } from '../../../examples/customer-support/cli/problem.ts'
import { Session } from '../../../examples/customer-support/cli/session.ts'
import { Desk, Escalations, Support } from '../../../examples/customer-support/contracts.ts'
import { depsOf } from '../../../examples/customer-support/deps.ts'
import { desk } from '../../../examples/customer-support/desk/desk.ts'
import { escalations } from '../../../examples/customer-support/desk/escalations.ts'
import { clerkModel } from '../../../examples/customer-support/model/clerk.ts'
import { Ledger } from '../../../examples/customer-support/shop/ledger.ts'
import { temporaryFolder } from '../knowledge-base/temporary-folder.ts'

async function shop(t: TestContext, rules?: LimitRules) {
  const model = clerkModel()
  const ledger = new Ledger(join(temporaryFolder(t), 'refunds.jsonl'))
  const actors = [desk, support, escalations, voice, limitTurn] as const
  const deps = (host: Parameters<typeof depsOf>[0]) =>
    depsOf(host, { model, ledger, ...(rules && { rules }) })
  const system = await createTestSystem(app(import.meta.url, { actors, deps }))
  t.after(() => system.close())
  await system.ref(Escalations, 'all').ask.watch()
  return { system, model, ledger }
}

async function ask(system: System, customer: string, text: string) {
  const front = system.ref(Desk, customer).ask
  const answer = await front.answer({ ticket: await front.take({ text }) })
  assert.ok(answer !== null)
  return answer.reply
}

test('two customers at once are never mixed: conversation, orders, limits', async (t) => {
  const { system, model, ledger } = await shop(t)
  const both = await Promise.all([
    ask(system, 'anna', 'My name is Anna. Where is order 17?'),
    ask(system, 'ben', 'My name is Ben. Where is order 21?'),
  ])
  assert.deepEqual(
    both.map((reply) => outputOf(reply).slice(0, 18)),
    ['Nice to meet you, ', 'Nice to meet you, '],
  )
  const names = await Promise.all([
    ask(system, 'anna', 'What is my name?'),
    ask(system, 'ben', 'What is my name?'),
  ])
  assert.deepEqual(names.map(outputOf), ['You told me: Anna.', 'You told me: Ben.'])
  // What the model writes is not believed: the tool looks up whose agent calls.
  const foreign = outputOf(await ask(system, 'ben', 'I want my money back for order 17'))
  assert.match(foreign, /no order 17\. They have: 21, 22/)
  assert.deepEqual(ledger.payments(), [])
  for (const { messages } of model.requests) {
    const text = JSON.stringify(messages)
    assert.ok(!(text.includes('Anna') && text.includes('Ben')))
  }
  for (let n = 0; n < 3; n += 1) await ask(system, 'anna', 'Where is order 17?')
  await assert.rejects(ask(system, 'anna', 'Where is order 17?'), { code: 'RATE_LIMITED' })
  assert.match(outputOf(await ask(system, 'ben', 'Where is order 21?')), /being packed/)
})

test('over 200 messages the model sees no more than its window, and the summary knows what was said first', async (t) => {
  const unlimited = { user: { requests: { perMinute: 60_000, burst: 1_000 } } }
  const { system, model } = await shop(t, unlimited)
  await ask(system, 'anna', 'Hello! My name is Anna.')
  for (let n = 0; n < 70; n += 1) await ask(system, 'anna', 'Where is order 17?')
  assert.equal(outputOf(await ask(system, 'anna', 'What is my name?')), 'You told me: Anna.')
  const { messages } = await system.ref(Support, 'anna').ask.status()
  assert.ok(messages > 200, String(messages))
  const asked = model.requests.filter(({ purpose }) => purpose === 'agent')
  const largest = Math.max(...asked.map((request) => textBytes(request.messages) / 4))
  assert.ok(largest <= memoryTokens, `${largest} tokens of ${memoryTokens}`)
  assert.ok(model.requests.some(({ purpose }) => purpose === 'summarize'))
  const tools = asked.flatMap((request) => request.messages.slice(0, 1))
  assert.ok(
    tools.every(({ parts }) => parts[0]?.type === 'text'),
    'no result without its call',
  )
})

/** What the messages say, roughly as the window counts it. */
const textBytes = (messages: readonly { readonly parts: readonly object[] }[]): number =>
  messages
    .flatMap(({ parts }) => parts)
    .reduce((sum, part) => {
      const { text, input, output } = part as { text?: string; input?: unknown; output?: unknown }
      return sum + Buffer.byteLength(text ?? JSON.stringify(input ?? output))
    }, 0)

test('a small refund is paid at once, a large one when a human allows it, and nobody is asked again', async (t) => {
  const { system, ledger } = await shop(t)
  assert.match(outputOf(await ask(system, 'anna', 'Refund order 17, please')), /paid 39\.90 euros/)
  assert.equal(ledger.payments().length, 1)
  const large = await ask(system, 'ben', 'I want my money back for order 22')
  assert.equal(large.status, 'waiting')
  // Whoever writes meanwhile is told, and nothing is lost.
  const meanwhile = await ask(system, 'ben', 'Where is order 21?')
  assert.deepEqual(
    [meanwhile.status, 'code' in meanwhile && meanwhile.code],
    ['stopped', 'AGENT_WAITING'],
  )
  const [open] = await system.ref(Escalations, 'all').ask.list()
  const { id } = open?.approval ?? { id: '' }
  assert.equal(open?.agent.key, 'ben')
  const decision = { approval: id, approve: false, by: 'dora', note: 'It was used.' }
  const refused = await system.ref(Desk, 'ben').ask.decide(decision, { id })
  assert.match(outputOf(refused), /dora did not allow it\. It was used\./)
  const again = await system.ref(Desk, 'ben').ask.decide({ ...decision, approve: true }, { id })
  assert.deepEqual(again, refused)
  assert.equal(ledger.payments().length, 1)
  const twice = outputOf(await ask(system, 'anna', 'Refund order 17, please'))
  assert.match(twice, /39\.9 of it was paid back already/)
})

test('an approval that nobody answers is a no after two days, and the conversation goes on', async (t) => {
  const { system, ledger } = await shop(t)
  assert.equal((await ask(system, 'anna', 'Refund order 18')).status, 'waiting')
  await system.advance(3 * 24 * 60 * 60 * 1000)
  assert.match(outputOf(await ask(system, 'anna', 'Where is order 17?')), /^Your order 17/)
  assert.deepEqual(ledger.payments(), [])
})

test('what a customer writes is refused with reasons or left as it is', async (t) => {
  const { system, model } = await shop(t)
  const front = system.ref(Desk, 'anna').ask
  const hidden = { text: 'a\u202Eb', context: { local: 'en' } }
  await assert.rejects(front.take(hidden), (error: { code: string; message: string }) => {
    assert.equal(error.code, 'PAYLOAD_INVALID')
    assert.match(error.message, /did you mean "locale"/)
    return true
  })
  const text = `O'Brien asks: is 1 < 2 && "order 17" > 2? <b>%;--`
  await ask(system, 'anna', text)
  assert.ok(JSON.stringify(model.requests[0]?.messages).includes(JSON.stringify(text).slice(1, -1)))
})

test('the session: heard, answered, counted; stopped by the switch, and alive again', async (t) => {
  const { system } = await shop(t)
  const { terminal, text } = recorder()
  const session = new Session(system, 'anna', terminal)
  assert.equal(await session.do({ do: 'ask', text: 'Where is order 17?' }), true)
  assert.match(text(), / {2}→ order \{"order":"17"\}\n {2}← order \{.*\}\nYour order 17 .*\.\n/)
  assert.match(text(), /^this answer +3 .*\nconversation +3 .*\nmost +20 +1000000/m)
  assert.equal(await session.do({ do: 'kill', reason: 'asks too much' }), true)
  assert.equal(await session.do({ do: 'ask', text: 'Where is order 17?' }), false)
  assert.match(text(), /asks too much.* \[ACTOR_KILLED\]/)
  assert.equal(await session.do({ do: 'revive' }), true)
  assert.equal(await session.do({ do: 'ask', text: 'Fetch a human' }), true)
  await session.do({ do: 'waiting' })
  const id = /^(\w{8}) {2}anna: escalate/m.exec(text())?.[1] ?? ''
  const verdict = { approval: id, approve: true, by: 'dora', note: '' }
  assert.equal(await session.do({ do: 'decide', ...verdict }), true)
  assert.match(text(), /A colleague takes over/)
  await assert.rejects(session.do({ do: 'decide', ...verdict, approval: 'zz' }), {
    code: 'OPTION_INVALID',
    message: /nothing waits under "zz"; npm run support -- --waiting/,
  })
})

function recorder() {
  const written: string[] = []
  const output = { write: (text: string) => written.push(text) }
  const interrupt = new AbortController().signal
  const terminal = { stdin: new PassThrough(), stdout: output, stderr: output, interrupt }
  return { terminal, text: () => written.join('') }
}

test('what was heard and is not the answer is said anew; control characters reach no terminal', () => {
  const { terminal, text } = recorder()
  const view = new AnswerView(terminal)
  view.heard({ type: 'began' })
  view.heard({ type: 'text', text: 'It was ' })
  view.heard({ type: 'restarted' })
  view.heard({ type: 'text', text: 'No\u001b[2J' })
  const spent = { steps: 1, tokens: 1, money: 0, ms: 1 }
  view.finish({ status: 'done', output: 'Yes.', finishReason: 'stop', spent })
  const lines = [
    'It was ',
    '  the model was cut off and begins anew',
    'No[2J',
    '  the whole answer:',
    'Yes.',
    '',
  ]
  assert.equal(text(), lines.join('\n'))
})

test('the ledger pays one key once, no more than the order cost, and survives a torn line', (t) => {
  const path = join(temporaryFolder(t), 'refunds.jsonl')
  const ledger = new Ledger(path)
  const payment = { key: 'k1', customer: 'anna', order: '17', amount: 10, price: 39.9 }
  assert.deepEqual(ledger.pay(payment), ledger.pay(payment))
  appendFileSync(path, '{"key":"k2","cus')
  ledger.pay({ ...payment, key: 'k3', amount: 29.9 })
  assert.deepEqual(
    ledger.payments().map(({ key }) => key),
    ['k1', 'k3'],
  )
  assert.throws(() => ledger.pay({ ...payment, key: 'k4', amount: 0.01 }), /paid back already/)
})

test('each mistake in the arguments is an error that says what to do', () => {
  const place = { cwd: '/', isTerminal: false }
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--custmer', 'x'], /Unknown option '--custmer'; npm run support -- --help/],
    [['--customer', 'A/b'], /--customer must be 1 to 64 lower-case letters/],
    [['--model', 'gpt'], /--model must be clerk or bedrock:ID/],
    [['--model', 'bedrock:'], /--model must be/],
    [['--workers', '65'], /--workers must be an integer from 0 to 64, got "65"/],
    [['--approve', ''], /--approve expects a text/],
    [['--waiting', '--revive'], /one thing at a time, not waiting and revive/],
    [['Where', 'is', 'it?'], /quotes: npm run support -- "Where is it\?"/],
  ]
  for (const [argv, message] of cases) {
    assert.throws(() => parseArguments(argv, place), { code: 'OPTION_INVALID', message })
  }
  assert.deepEqual(parseArguments([], place).action, { do: 'talk' })
})

test('an error says what to do about it', async (t) => {
  const { system } = await shop(t, { user: { requests: { perMinute: 1, burst: 1 } } })
  await ask(system, 'anna', 'Where is order 17?')
  const error = await ask(system, 'anna', 'And now?').catch((thrown) => thrown)
  assert.match(problemOf(error), /Try again in \d+ s \[RATE_LIMITED\]$/)
})
