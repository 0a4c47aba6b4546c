/** D1, D2, D5 together: random loads of every kind of message, with failing commits and crashes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { settled } from './support.ts'
import { type Fault, memoryEngine, World } from './world.ts'

const Robot = contract('robot', {
  take: message<number, number>(),
  pay: message<number, string>(),
  consult: message<number, number>(),
  aside: message<number, void>(),
  release: message<void, void>(),
  remind: message<number, void>(),
  all: message<void, number[]>(),
})
const Oracle = contract('oracle', { answer: message<number, number>() })

/** What really left the process, by what it was for. */
let payments: number[] = []
let open = false

const robot = actor(Robot, {
  durable: true,
  state: () => ({ all: [] as number[] }),
  mailbox: { capacity: 6 },
  on: {
    take(ctx, n) {
      ctx.state.all.push(n)
      return n
    },
    async pay(ctx, n) {
      const receipt = await ctx.effect('pay', n, async ({ key }) => {
        payments.push(n)
        return key
      })
      ctx.state.all.push(n)
      return receipt
    },
    async consult(ctx, n) {
      const answer = await ctx.ref(Oracle, 'o').ask.answer(n)
      ctx.state.all.push(answer)
      return answer
    },
    aside(ctx, n) {
      if (open) ctx.state.all.push(n)
      else ctx.stash()
    },
    release(ctx) {
      open = true
      ctx.unstash()
    },
    remind: (ctx, n) => ctx.timer(`t${n}`, { after: 20 }, 'take', n),
  },
  reads: { all: (ctx) => ctx.state.all },
})
const oracle = actor(Oracle, {
  durable: true,
  state: () => ({ asked: 0 }),
  on: {
    answer(ctx, n) {
      ctx.state.asked += 1
      return n
    },
  },
})

const kinds = ['take', 'pay', 'consult', 'aside', 'remind'] as const
type Kind = (typeof kinds)[number]

const programs = fc.array(
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record({
        do: fc.constantFrom(...kinds),
        how: fc.constantFrom('ask', 'deliver', 'tell', 'id'),
        key: fc.nat(1),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(120) }) },
    { weight: 3, arbitrary: fc.constant({ do: 'settle' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'crash' as const }) },
  ),
  { maxLength: 40 },
)
const schedules = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.constant<Fault>(undefined) },
    { weight: 1, arbitrary: fc.constantFrom<Fault>('before', 'after') },
  ),
  { maxLength: 80 },
)

class Run {
  readonly engine = memoryEngine()
  readonly faults: Fault[]
  w: World
  #next = 0
  readonly acknowledged = new Set<number>()
  readonly said = new Set<number>()
  readonly crashed: boolean[] = []

  constructor(faults: readonly Fault[]) {
    this.w = new World({ actors: [robot, oracle], engine: this.engine })
    this.faults = [...faults]
    this.engine.fault = () => this.faults.shift()
    payments = []
    open = false
  }

  send(kind: Kind, how: string, key: number): void {
    this.#next += 1
    const n = this.#next
    this.said.add(n)
    const ref = this.w.ref(Robot, `r${key}`)
    const options = how === 'id' ? { id: `id ${n}` } : {}
    if (how === 'tell') return void ref.tell[kind](n, options)
    // A stashed message answers nothing until it is released: the acknowledgement of a deliver counts.
    const isAsk = how === 'ask' || (how === 'id' && kind !== 'aside')
    const promise: Promise<unknown> = isAsk
      ? ref.ask[kind](n, options)
      : ref.deliver[kind](n, options)
    promise.then(
      () => this.acknowledged.add(n),
      () => undefined,
    )
  }

  crash(): void {
    const faults = this.faults.splice(0)
    this.w = this.w.crash(5)
    this.faults.push(...faults)
    this.crashed.push(true)
  }

  async finish(): Promise<void> {
    this.faults.length = 0
    await this.w.advance(200)
    for (const key of ['r0', 'r1']) this.w.ref(Robot, key).tell.release()
    await this.w.advance(200_000)
  }

  async check(): Promise<void> {
    const lists = [
      await settled(this.w, this.w.ref(Robot, 'r0').ask.all()),
      await settled(this.w, this.w.ref(Robot, 'r1').ask.all()),
    ]
    const all = lists.flat()
    assert.equal(new Set(all).size, all.length, `nothing twice: ${all}`)
    const happened = new Set(all)
    const parked = new Set(this.w.letters.map(({ envelope }) => envelope.payload as number))
    for (const n of this.acknowledged) {
      assert.ok(
        happened.has(n) || parked.has(n) || this.crashed.length > 0,
        `${n} was acknowledged`,
      )
    }
    assert.ok(all.every((n) => this.said.has(n)))
  }
}

test('D5, D2: whatever fails when, each acknowledged message happens once, and nothing is paid twice', async () => {
  await fc.assert(
    fc.asyncProperty(programs, schedules, async (program, schedule) => {
      const run = new Run(schedule)
      for (const move of program) {
        if (move.do === 'wait') await run.w.advance(move.ms)
        else if (move.do === 'settle') await run.w.settle()
        else if (move.do === 'crash') run.crash()
        else run.send(move.do, move.how, move.key)
      }
      await run.finish()
      run.w.assertBalanced()
      assert.equal(run.w.store.stats().pending, 0)
      await run.check()
      assert.equal(new Set(payments).size, payments.length, `paid twice: ${payments}`)
      if (run.crashed.length === 0) {
        const doubts = run.w.letters.filter(({ reason }) => reason !== 'mailbox-full')
        assert.deepEqual(doubts, [], 'a store that stalls puts nothing in doubt')
        const happened = await settled(run.w, run.w.ref(Robot, 'r0').ask.all())
        const others = await settled(run.w, run.w.ref(Robot, 'r1').ask.all())
        const lost = [...run.said].filter((n) => !happened.includes(n) && !others.includes(n))
        const shed = run.w.letters.map(({ envelope }) => envelope.payload as number)
        assert.deepEqual(
          lost,
          shed.toSorted((a, b) => a - b),
        )
      }
      const before = await settled(run.w, run.w.ref(Robot, 'r0').ask.all())
      run.crash()
      await run.w.settle()
      assert.deepEqual(
        await settled(run.w, run.w.ref(Robot, 'r0').ask.all()),
        before,
        'memory was what the history says',
      )
      run.w.assertBalanced()
    }),
    { numRuns: 80 },
  )
})
