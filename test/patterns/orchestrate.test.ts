/** An orchestrator of specialised agents: deadlines, cancellation, what may fail. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor, needs } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { type Needed, orchestrate } from '../../actors/patterns/orchestrate.ts'
import { TroupeError, terminal } from '../../mailbox/errors.ts'
import { settled, watched } from '../durable/support.ts'
import { World } from '../durable/world.ts'
import { settled as due, Origin } from './support.ts'

/** Three calls at once, in the test's hand. */
function consult(need?: Needed, signal?: AbortSignal) {
  const origin = new Origin<string, string>()
  const name = (of: string) => (limits: { readonly signal: AbortSignal }) => origin.call(of, limits)
  const calls = { law: name('law'), tax: name('tax'), risk: name('risk') }
  const outcome = orchestrate(calls, {
    ...(need !== undefined && { need }),
    ...(signal !== undefined && { signal }),
  })
  const stopped = () => origin.calls.map((call) => call.signal.aborted)
  return { outcome, origin, stopped }
}

const failure = async (outcome: Promise<unknown>): Promise<TroupeError> => {
  const error = await outcome.then(
    () => assert.fail('it did not fail'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof TroupeError)
  return error
}

test('pattern orchestrator: all have to answer, unless told otherwise', async () => {
  const { outcome, origin } = consult()
  await due()
  for (const [n, { input }] of origin.calls.entries()) origin.at(n).answer(`${input} is fine`)
  assert.deepEqual(await outcome, {
    answers: { law: 'law is fine', tax: 'tax is fine', risk: 'risk is fine' },
    failed: {},
    unneeded: [],
  })
})

test('pattern orchestrator: the first failure of all decides, and the others are called off', async () => {
  const { outcome, origin, stopped } = consult('all')
  await due()
  origin.at(0).answer('yes')
  origin.at(1).fail(new Error('no idea'))
  const error = await failure(outcome)
  assert.equal(error.code, 'PARTIAL_FAILURE')
  assert.deepEqual(error.fields, {
    failed: { tax: { code: 'ACTOR_FAILED', message: 'no idea' } },
    answered: ['law'],
  })
  assert.equal(error.disposition, 'retryable')
  assert.deepEqual(stopped(), [true, true, true])
})

test('pattern orchestrator: any one is enough, and fails when none answers', async () => {
  const { outcome, origin, stopped } = consult('any')
  await due()
  origin.at(0).fail(new Error('no'))
  origin.at(2).answer('yes')
  const { answers, failed, unneeded } = await outcome
  assert.deepEqual([answers, Object.keys(failed), unneeded], [{ risk: 'yes' }, ['law'], ['tax']])
  assert.equal(stopped()[1], true)

  const none = consult('any')
  await due()
  for (const n of [0, 1, 2]) none.origin.at(n).fail(terminal('never'))
  assert.equal((await failure(none.outcome)).disposition, 'terminal')
})

test('pattern orchestrator: a quorum is decided as soon as it is reached, or cannot be any more', async () => {
  const two = consult({ quorum: 2 })
  await due()
  two.origin.at(1).answer('yes')
  two.origin.at(0).answer('yes')
  assert.deepEqual((await two.outcome).unneeded, ['risk'])

  const lost = consult({ quorum: 2 })
  await due()
  lost.origin.at(0).fail(new Error('no'))
  lost.origin.at(1).fail(new Error('no'))
  assert.equal((await failure(lost.outcome)).code, 'PARTIAL_FAILURE')
  assert.equal(lost.stopped()[2], true)
})

test('pattern orchestrator: with the best effort every one is waited for, and none has to answer', async () => {
  const { outcome, origin } = consult('best-effort')
  await due()
  origin.at(0).fail(new Error('no'))
  origin.at(1).answer('yes')
  const state = watched(outcome)
  await due()
  assert.equal(state.done, false)
  origin.at(2).fail(new TroupeError('ASK_TIMEOUT', 'too late'))
  assert.deepEqual(await outcome, {
    answers: { tax: 'yes' },
    failed: {
      law: { code: 'ACTOR_FAILED', message: 'no' },
      risk: { code: 'ASK_TIMEOUT', message: 'too late' },
    },
    unneeded: [],
  })
})

test('pattern orchestrator: who gives up calls off everything, and a call that throws at once has failed', async () => {
  const controller = new AbortController()
  const { outcome, stopped } = consult('best-effort', controller.signal)
  await due()
  controller.abort()
  assert.equal((await failure(outcome)).code, 'CANCELLED')
  assert.deepEqual(stopped(), [true, true, true])
  const broken = (): Promise<string> => {
    throw new Error('at once')
  }
  const { failed } = await orchestrate({ broken, fine: async () => 1 }, { need: 'best-effort' })
  assert.deepEqual(Object.keys(failed), ['broken'])
  assert.deepEqual((await orchestrate({})).answers, {})
  const wrong: unknown[] = ['most', { quorum: 0 }, { quorum: 2 }, { quorm: 1 }]
  for (const need of wrong) {
    const error = await failure(orchestrate({ fine: async () => 1 }, { need: need as Needed }))
    assert.equal(error.code, 'OPTION_INVALID')
  }
  assert.equal((await failure(orchestrate({}, { need: 'any' }))).code, 'OPTION_INVALID')
})

const Expert = contract('expert', { ask: message<string, string>() })
const Lead = contract('lead', { ask: message<{ need: Needed }, string>() })

interface Services {
  readonly expert: Origin<string, string>
}

const expert = actor(Expert, {
  durable: true,
  needs: needs<Services>(),
  state: () => ({}),
  on: {
    ask: (ctx, question) =>
      ctx.effect('expert', question, (step) => ctx.deps.expert.call(ctx.self.key, step), {
        idempotent: true,
      }),
  },
})

const lead = actor(Lead, {
  durable: true,
  state: () => ({}),
  on: {
    async ask(ctx, { need }) {
      const calls = Object.fromEntries(
        ['law', 'tax'].map((name) => [
          name,
          (limits: { readonly within: number; readonly signal: AbortSignal }) =>
            ctx.ref(Expert, name).ask.ask('why?', limits),
        ]),
      )
      const { answers, failed, unneeded } = await orchestrate(calls, { need, within: 5_000 })
      const codes = Object.values(failed).map((each) => each?.code)
      return [...Object.values(answers), ...codes, ...unneeded].join(' ')
    },
  },
})

function begin() {
  const services: Services = { expert: new Origin() }
  const world = new World({ actors: [lead, expert], deps: () => services })
  return { services, world }
}

test('pattern orchestrator: each call of a turn has its deadline, and what is late is a failure in its place', async () => {
  const { services, world } = begin()
  const answer = watched(world.ref(Lead, 'l').ask.ask({ need: 'best-effort' }))
  await world.settle()
  services.expert.of('law').answer('law is fine')
  await world.advance(5_000)
  assert.equal(await settled(world, answer.promise), 'law is fine ASK_TIMEOUT')
  assert.equal(services.expert.of('tax').signal.aborted, true, 'it is called off, down the line')
  world.assertBalanced()
})

test('pattern orchestrator: when one is enough the others are called off, down the line', async () => {
  const { services, world } = begin()
  const answer = watched(world.ref(Lead, 'l').ask.ask({ need: 'any' }))
  await world.settle()
  services.expert.of('tax').answer('tax is fine')
  assert.equal(await settled(world, answer.promise), 'tax is fine law')
  assert.equal(services.expert.of('law').signal.aborted, true)
})

test('D2: pattern orchestrator: after a crash those that answered are not asked again', async () => {
  const { services, world } = begin()
  watched(world.ref(Lead, 'l').ask.ask({ need: 'all' }, { id: 'once' }))
  await world.settle()
  services.expert.of('law').answer('law is fine')
  await world.settle()
  const next = world.crash(1_000)
  await next.settle()
  assert.deepEqual(services.expert.calls.map(({ input }) => input).sort(), ['law', 'tax', 'tax'])
  services.expert.of('tax').answer('tax is fine')
  const same = next.ref(Lead, 'l').ask.ask({ need: 'all' }, { id: 'once' })
  assert.equal(await settled(next, same), 'law is fine tax is fine')
})
