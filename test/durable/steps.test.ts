/** D2: a completed step is never run again, and what is in doubt is said to be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { terminal } from '../../mailbox/errors.ts'
import { RecordKind } from '../../persistence/record.ts'
import { code, Gate, settled, watched } from './support.ts'
import { World } from './world.ts'

const Agent = contract('agent', {
  run: message<string, string>(),
  once: message<string, string>(),
  ask: message<string, string>(),
  flaky: message<number, string>(),
})
const Helper = contract('helper', {
  answer: message<string, string>(),
  fail: message<string, string>(),
})
const Volatile = contract('volatile', { answer: message<string, string>() })

type Ctx = Parameters<
  Parameters<typeof actor<typeof Agent.messages, { n: number }>>[1]['on']['run']
>[0]

/** An agent whose handlers a test replaces between processes, and a log of what really ran. */
class Bench {
  readonly calls: string[] = []
  readonly keys: string[] = []
  gate = new Gate()
  body: (ctx: Ctx, text: string) => Promise<string> = async () => ''
  answer: (text: string) => Promise<string> | string = (text) => `re ${text}`

  async call(name: string, key: string, result: string): Promise<string> {
    this.calls.push(name)
    this.keys.push(key)
    return result
  }

  get actors() {
    const handler = (ctx: Ctx, text: string): Promise<string> => this.body(ctx, text)
    const agent = actor(Agent, {
      durable: true,
      state: () => ({ n: 0 }),
      on: {
        run: handler,
        once: handler,
        ask: handler,
        flaky: (ctx, n) => this.body(ctx, String(n)),
      },
    })
    const helper = actor(Helper, {
      durable: true,
      state: () => ({ asked: 0 }),
      on: {
        async answer(ctx, text) {
          ctx.state.asked += 1
          this_.calls.push(`answer ${text}`)
          return await this_.answer(text)
        },
        fail(ctx, text) {
          ctx.state.asked += 1
          this_.calls.push(`fail ${text}`)
          throw new Error(`no ${text}`)
        },
      },
    })
    const this_ = this
    const volatile = actor(Volatile, {
      on: {
        async answer(_ctx, text) {
          this_.calls.push(`volatile ${text}`)
          return await this_.answer(text)
        },
      },
    })
    return [agent, helper, volatile] as const
  }
}

function kinds(w: World): string[] {
  const names = Object.entries(RecordKind)
  return w.records().map(({ kind }) => names.find(([, number]) => number === kind)?.[0] ?? '')
}

test('D2: begun is committed before the call leaves, done is appended before the handler goes on', async () => {
  const bench = new Bench()
  const seen: string[] = []
  bench.body = async (ctx) => {
    const value = await ctx.effect('pay', 1, (step) => bench.call('pay', step.key, 'paid'))
    seen.push(value)
    await bench.gate.pass()
    return value
  }
  const w = new World({ actors: bench.actors })
  w.holdAcks()
  const reply = watched(w.ref(Agent, 'a').ask.run('x'))
  await w.settle()
  assert.deepEqual(kinds(w), ['stepBegun'])
  assert.deepEqual(bench.calls, [], 'not before the commit is acknowledged')
  await w.releaseAcks()
  assert.deepEqual(bench.calls, ['pay'])
  assert.deepEqual(seen, ['paid'])
  assert.deepEqual(kinds(w), ['stepBegun', 'stepDone'])
  bench.gate.open()
  assert.equal(await settled(w, reply.promise), 'paid')
  w.assertBalanced()
})

test('D2: a completed step is not run again after a crash', async () => {
  const bench = new Bench()
  bench.body = async (ctx, text) => {
    const a = await ctx.effect('a', text, (step) => bench.call('a', step.key, 'A'))
    const b = await ctx.effect('b', a, (step) => bench.call('b', step.key, 'B'))
    await bench.gate.pass()
    ctx.state.n += 1
    return a + b + ctx.state.n
  }
  let w = new World({ actors: bench.actors })
  await settled(w, w.ref(Agent, 'a').deliver.run('x', { id: 'job' }))
  assert.deepEqual(bench.calls, ['a', 'b'])
  for (let crash = 0; crash < 3; crash += 1) {
    w = w.crash()
    await w.settle()
    assert.deepEqual(bench.calls, ['a', 'b'], 'answered from the record')
  }
  bench.gate.open()
  assert.equal(await settled(w, w.ref(Agent, 'a').ask.run('x', { id: 'job' })), 'AB1')
  w.assertBalanced()
})

test('D2: a retry is answered from the steps of the attempt before it', async () => {
  const bench = new Bench()
  bench.body = async (ctx, text) => {
    const a = await ctx.effect('a', text, (step) => bench.call('a', step.key, 'A'))
    if (ctx.message.attempt < 3) throw new Error('not yet')
    ctx.state.n += 1
    return a
  }
  const w = new World({ actors: bench.actors })
  w.ref(Agent, 'a').tell.run('x')
  await w.advance(10_000)
  assert.deepEqual(bench.calls, ['a'])
  assert.equal(w.letters.length, 0)
  assert.equal(w.accounting('agent').processed, 1)
  w.assertBalanced()
})

for (const idempotent of [false, true]) {
  const outcome = idempotent ? 'runs again under the same key' : 'is IN_DOUBT'
  test(`D2: an unresolved step ${idempotent ? 'that is idempotent ' : ''}${outcome}`, async () => {
    const bench = new Bench()
    bench.body = (ctx, text) =>
      ctx.effect(
        'pay',
        text,
        async (step) => {
          await bench.call('pay', step.key, 'paid')
          await bench.gate.pass()
          return 'paid'
        },
        { idempotent },
      )
    const w = new World({ actors: bench.actors })
    await settled(w, w.ref(Agent, 'a').deliver.run('x', { id: 'job' }))
    assert.deepEqual(bench.calls, ['pay'])
    bench.gate = new Gate()
    bench.gate.open()
    const next = w.crash()
    const again = next.ref(Agent, 'a').ask.run('x', { id: 'job' })
    if (idempotent) {
      assert.equal(await settled(next, again), 'paid')
      assert.deepEqual(bench.calls, ['pay', 'pay'])
      assert.equal(bench.keys[0], bench.keys[1])
    } else {
      again.catch(() => undefined)
      await next.settle()
      await assert.rejects(again, code('IN_DOUBT'))
      assert.deepEqual(bench.calls, ['pay'])
    }
    next.assertBalanced()
  })
}

test('D2: another input for a recorded step is STEP_CHANGED', async () => {
  const bench = new Bench()
  let input = 'first'
  bench.body = async (ctx) => {
    const a = await ctx.effect('a', { input }, (step) => bench.call('a', step.key, 'A'))
    await bench.gate.pass()
    return a
  }
  const w = new World({ actors: bench.actors })
  await settled(w, w.ref(Agent, 'a').deliver.run('x'))
  input = 'second'
  const next = w.crash()
  await next.settle()
  assert.equal(next.letters.length, 1)
  assert.ok(code('STEP_CHANGED')(next.letters[0]?.error))
  assert.deepEqual(bench.calls, ['a'])
  next.assertBalanced()
})

test('D2: steps started together are answered each by its own result', async () => {
  const bench = new Bench()
  const seen: string[][] = []
  bench.body = async (ctx) => {
    const names = ['x', 'y', 'x', 'z', 'x']
    const all = await Promise.all(
      names.map((name, i) =>
        ctx.effect(name, i, (step) => bench.call(`${name}${i}`, step.key, `${name}${i}`)),
      ),
    )
    seen.push(all)
    await bench.gate.pass()
    return all.join()
  }
  const w = new World({ actors: bench.actors })
  await settled(w, w.ref(Agent, 'a').deliver.run('x', { id: 'job' }))
  const next = w.crash()
  await next.settle()
  assert.deepEqual(bench.calls, ['x0', 'y1', 'x2', 'z3', 'x4'])
  assert.deepEqual(seen, [seen[0], seen[0]])
  assert.equal(new Set(bench.keys).size, 5)
  bench.gate.open()
  assert.equal(
    await settled(next, next.ref(Agent, 'a').ask.run('x', { id: 'job' })),
    'x0,y1,x2,z3,x4',
  )
  next.assertBalanced()
})

test('D2: one more step renames no other', async () => {
  const bench = new Bench()
  let extra = false
  bench.body = async (ctx) => {
    if (extra) await ctx.effect('new', 0, (step) => bench.call('new', step.key, 'N'))
    const a = await ctx.effect('a', 1, (step) => bench.call('a', step.key, 'A'))
    const b = await ctx.effect('b', 2, (step) => bench.call('b', step.key, 'B'))
    await bench.gate.pass()
    return a + b
  }
  const w = new World({ actors: bench.actors })
  await settled(w, w.ref(Agent, 'a').deliver.run('x', { id: 'job' }))
  extra = true
  bench.gate.open()
  const next = w.crash()
  assert.equal(await settled(next, next.ref(Agent, 'a').ask.run('x', { id: 'job' })), 'AB')
  assert.deepEqual(bench.calls, ['a', 'b', 'new'])
  next.assertBalanced()
})

test('D2: a failed step runs again with the next attempt under its key, a terminal one does not', async () => {
  const bench = new Bench()
  bench.body = async (ctx, text) => {
    await ctx.effect('a', 0, (step) => {
      void bench.call('a', step.key, '')
      if (ctx.message.attempt < 2) throw new Error('try again')
    })
    await ctx
      .effect('b', 0, (step) => {
        void bench.call('b', step.key, '')
        throw text === 'stop' ? terminal('never') : new Error('again')
      })
      .catch((error: unknown) => {
        if (text !== 'stop') throw error
      })
    if (ctx.message.attempt < 3) throw new Error('once more')
    return ''
  }
  const w = new World({ actors: bench.actors })
  w.ref(Agent, 'a').tell.run('stop')
  await w.advance(10_000)
  assert.deepEqual(bench.calls, ['a', 'a', 'b'])
  assert.equal(bench.keys[0], bench.keys[1])
  assert.equal(w.letters.length, 0)
  w.assertBalanced()
})

test('D2: a crash in the second run of a failed step leaves it in doubt, not failed', async () => {
  const bench = new Bench()
  bench.body = async (ctx) => {
    return await ctx.effect('pay', 0, async (step) => {
      await bench.call('pay', step.key, '')
      if (bench.calls.length === 1) throw new Error('refused, try again')
      await bench.gate.pass()
      return 'paid'
    })
  }
  const w = new World({ actors: bench.actors })
  await settled(w, w.ref(Agent, 'a').deliver.run('x'))
  await w.advance(1_000)
  assert.deepEqual(bench.calls, ['pay', 'pay'], 'the second run is out')
  const next = w.crash()
  await next.advance(10_000)
  assert.deepEqual(bench.calls, ['pay', 'pay'])
  assert.ok(code('IN_DOUBT')(next.letters[0]?.error))
  assert.equal(bench.keys[0], bench.keys[1])
  next.assertBalanced()
})

for (const side of ['asker', 'both, before the answer', 'both, after the answer'] as const) {
  test(`D2: an ask in a turn is found again after a crash (${side})`, async () => {
    const bench = new Bench()
    bench.body = async (ctx, text) => {
      const reply = await ctx.ref(Helper, 'h').ask.answer(text)
      await bench.gate.pass()
      ctx.state.n += 1
      return `${reply} ${ctx.state.n}`
    }
    const slow = new Gate()
    if (side === 'both, before the answer') {
      bench.answer = async (text) => {
        await slow.pass()
        return `re ${text}`
      }
    }
    const w = new World({ actors: bench.actors })
    if (side === 'asker') {
      // The question is committed; the asker dies before it hears the answer.
      w.holdAcks()
      void w
        .ref(Agent, 'a')
        .deliver.run('x', { id: 'job' })
        .catch(() => undefined)
      await w.settle()
      await w.releaseSome(1)
    } else {
      await settled(w, w.ref(Agent, 'a').deliver.run('x', { id: 'job' }))
    }
    slow.open()
    bench.gate.open()
    const next = w.crash()
    assert.equal(await settled(next, next.ref(Agent, 'a').ask.run('x', { id: 'job' })), 're x 1')
    const answers = next
      .records()
      .filter(({ actor: id, kind }) => id === 'helper/h' && kind === RecordKind.turn)
    assert.equal(answers.length, 1, 'the helper changed its state once')
    if (side === 'both, after the answer') assert.deepEqual(bench.calls, ['answer x'])
    next.assertBalanced()
  })
}

test('D2: an ask to a volatile actor is sent again after a crash, its answer is kept once it came', async () => {
  const bench = new Bench()
  bench.body = async (ctx, text) => {
    const reply = await ctx.ref(Volatile, 'v').ask.answer(text)
    await bench.gate.pass()
    return reply
  }
  const slow = new Gate()
  bench.answer = async (text) => {
    await slow.pass()
    return `re ${text}`
  }
  const w = new World({ actors: bench.actors })
  await settled(w, w.ref(Agent, 'a').deliver.run('x', { id: 'job' }))
  assert.deepEqual(bench.calls, ['volatile x'])
  slow.open()
  const second = w.crash()
  await second.settle()
  assert.deepEqual(bench.calls, ['volatile x', 'volatile x'])
  bench.gate.open()
  const third = second.crash()
  assert.equal(await settled(third, third.ref(Agent, 'a').ask.run('x', { id: 'job' })), 're x')
  assert.deepEqual(bench.calls, ['volatile x', 'volatile x'], 'the answer was recorded')
  third.assertBalanced()
})

test('D2: a failed ask in a turn is asked anew by the next attempt', async () => {
  const bench = new Bench()
  bench.body = async (ctx) => await ctx.ref(Helper, 'h').ask.fail(String(ctx.message.attempt))
  const w = new World({ actors: bench.actors })
  w.ref(Agent, 'a').tell.run('x')
  await w.advance(10_000)
  // Inputs differ by attempt: that is STEP_CHANGED. The same input is asked again.
  bench.calls.length = 0
  w.letters.length = 0
  bench.body = async (ctx) => await ctx.ref(Helper, 'h').ask.fail('same')
  w.ref(Agent, 'a').tell.run('y')
  await w.advance(10_000)
  assert.deepEqual(bench.calls, ['fail same', 'fail same', 'fail same'])
  assert.equal(w.letters.length, 1)
  w.assertBalanced()
})

test('D2: a step in a start hook is refused with a hint', async () => {
  const lonely = actor(Agent, {
    durable: true,
    state: () => ({ n: 0 }),
    onStart: async (ctx) => {
      await ctx.effect('x', 0, () => 0)
    },
    on: { run: () => '', once: () => '', ask: () => '', flaky: () => '' },
  })
  const w = new World({ actors: [lonely] })
  await assert.rejects(settled(w, w.ref(Agent, 'a').ask.run('x')), code('CONTRACT_INVALID'))
  w.assertBalanced()
})

test('an ask whose turn is aborted as it leaves is given up, and its receiver does not work for nobody', async () => {
  const bench = new Bench()
  bench.body = (ctx, text) => ctx.ref(Helper, 'h').ask.answer(text)
  bench.answer = () => new Promise(() => undefined)
  const w = new World({ actors: bench.actors })
  const caller = new AbortController()
  w.holdAcks()
  const reply = watched(w.ref(Agent, 'a').ask.run('x', { signal: caller.signal }))
  await w.settle()
  caller.abort()
  await w.settle()
  // The begun ask and the interrupt are committed by one answer of the store.
  await w.releaseAcks()
  await assert.rejects(settled(w, reply.promise), code('CANCELLED'))
  assert.deepEqual(bench.calls, [])
  assert.equal(w.cell('helper/h')?.turn, undefined)
  w.assertBalanced()
})
