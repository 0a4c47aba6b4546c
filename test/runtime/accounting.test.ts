/** M4, S4: after any workload every message is accounted for, and nothing is left to wake for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message, stream } from '../../actors/message.ts'
import type { Ref } from '../../actors/ref.ts'
import { imbalance } from '../../mailbox/accounting.ts'
import type { UserLane } from '../../mailbox/lane.ts'
import { harness } from './harness.ts'

type Verb = 'tell' | 'ask' | 'deliver' | 'stream' | 'abort' | 'publish'
type Effect =
  | 'none'
  | 'await'
  | 'fail'
  | 'failLate'
  | 'stash'
  | 'unstash'
  | 'stop'
  | 'destroy'
  | 'spawn'
  | 'watch'
  | 'timer'
  | 'subscribe'

interface Job {
  readonly effect: Effect
  /** What the handler sends on, to other actors. */
  readonly sends: readonly Send[]
}

interface Send extends Job {
  readonly verb: Verb
  readonly to: number
  readonly lane: UserLane
  readonly within: number
}

const Any = contract('any', {
  work: message<Job, number>(),
  flow: stream<Job, number, number>(),
  look: message<void, number>(),
})

type AnyRef = Ref<(typeof Any)['messages']>

/** Never fails for what it meets: refusals, cycles and timeouts are what this is about. */
async function send(ref: AnyRef, send: Send): Promise<void> {
  const { verb, lane, within, effect, sends } = send
  const job = { effect, sends }
  try {
    switch (verb) {
      case 'tell':
      case 'publish':
        return void ref.tell.work(job, { lane, within })
      case 'ask':
        return void (await ref.ask.work(job, { lane, within }))
      case 'deliver':
        return await ref.deliver.work(job, { lane, within })
      case 'stream':
        for await (const item of ref.stream.flow(job, { lane, within })) if (item > 3) break
        return
      case 'abort': {
        const controller = new AbortController()
        const asked = ref.ask.work(job, { signal: controller.signal })
        await Promise.resolve()
        controller.abort()
        return void (await asked)
      }
      default:
        verb satisfies never
    }
  } catch {}
}

function workload() {
  const handled = new Set<string>()
  const anyone = actor(Any, {
    mailbox: { capacity: 4 },
    stash: 3,
    supervision: { restarts: 3 },
    state: () => ({ turns: 0 }),
    onTerminated: () => undefined,
    onChildFailed: () => undefined,
    on: {
      async work(ctx, { effect, sends }) {
        ctx.state.turns += 1
        // A message that comes up again from the stash does nothing: it could go on for ever.
        const id = `${ctx.self.key} ${ctx.message.id}`
        if (handled.has(id)) return ctx.state.turns
        handled.add(id)
        if (effect === 'fail') throw new Error('at once')
        if (effect === 'await') await new Promise((resolve) => setImmediate(resolve))
        if (effect === 'stash') ctx.stash()
        if (effect === 'unstash') ctx.unstash()
        if (effect === 'stop') ctx.stop()
        if (effect === 'destroy') ctx.destroy()
        if (effect === 'spawn' && ctx.self.key.length < 8) ctx.spawn(Any, 'c')
        if (effect === 'watch') ctx.watch(ctx.ref(Any, '1'))
        if (effect === 'timer')
          ctx.timer('t', { after: 300 }, 'work', { effect: 'none', sends: [] })
        if (effect === 'subscribe') ctx.subscribe('jobs.*', 'work')
        for (const each of sends) {
          if (each.verb === 'publish') ctx.publish('jobs.all', { effect: each.effect, sends: [] })
          else await send(ctx.ref(Any, String(each.to)), each)
        }
        if (effect === 'failLate') throw new Error('late')
        return ctx.state.turns
      },
      async *flow(ctx, { effect, sends }) {
        if (effect === 'fail') throw new Error('at once')
        for (let i = 0; i < 6; i += 1) yield i
        for (const each of sends) await send(ctx.ref(Any, String(each.to)), each)
        if (effect === 'failLate') throw new Error('late')
        return ctx.state.turns
      },
    },
    reads: { look: (ctx) => ctx.state.turns },
  })
  return harness({ actors: [anyone] })
}

const lanes = fc.constantFrom<UserLane>('control', 'high', 'normal', 'low')
const verbs = fc.constantFrom<Verb>('tell', 'ask', 'deliver', 'stream', 'abort', 'publish')
const effects = fc.constantFrom<Effect>(
  'none',
  'await',
  'fail',
  'failLate',
  'stash',
  'unstash',
  'stop',
  'destroy',
  'spawn',
  'watch',
  'timer',
  'subscribe',
)

/** A send whose turn sends again, `depth` turns deep. */
function sendOf(depth: number): fc.Arbitrary<Send> {
  return fc.record({
    verb: verbs,
    to: fc.nat({ max: 3 }),
    lane: lanes,
    within: fc.constantFrom(5, 500, 5_000),
    effect: effects,
    sends: depth === 0 ? fc.constant([]) : fc.array(sendOf(depth - 1), { maxLength: 2 }),
  })
}

const aSend = sendOf(3)

/** What a test does: sends in one burst, or lets time pass. */
const script = fc.array(
  fc.oneof(fc.array(aSend, { maxLength: 6 }), fc.constantFrom(1, 100, 1_000)),
  {
    maxLength: 10,
  },
)

test('M4: every message of a random workload is accounted for, at every moment', async () => {
  const law = fc.asyncProperty(script, async (steps) => {
    const h = workload()
    const sent: Promise<void>[] = []
    for (const step of steps) {
      if (typeof step === 'number') await h.advance(step)
      else for (const each of step) sent.push(send(h.ref(Any, String(each.to)), each))
      assert.equal(h.imbalance(), 0, 'in between')
    }
    // Longer than any deadline, back-off and stay below.
    await h.advance(200_000)
    await Promise.all(sent)
    const sum = h.accounting('any')
    assert.equal(imbalance(sum), 0)
    assert.deepEqual([sum.running, sum.pending, sum.inTransit, sum.lost], [0, 0, 0, 0])
    assert.equal(sum.deadLettered >= h.letters.length, true)
    assert.equal(h.clock.pending, 0, 'S4: nothing is left to wake for')
    assert.equal(h.peer.asks.size, 0)
    for (const cell of h.peer.residents) assert.equal(cell.settled, true, cell.id)
  })
  await fc.assert(law, { numRuns: 150 })
})

test('S4: an idle system wakes for nothing', async () => {
  const h = workload()
  for (let i = 0; i < 50; i += 1) h.ref(Any, String(i)).tell.work({ effect: 'none', sends: [] })
  const asked = h.ref(Any, '1').ask.look()
  await h.settle()
  assert.equal(await asked, 1)
  assert.equal(h.clock.pending, 0)
  assert.equal(h.clock.step(), false)
  assert.equal(h.peer.residents.size, 50)
})
