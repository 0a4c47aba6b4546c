/** T2 over two threads: one sender tells over the link and delivers through the store, to one receiver. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { Threads } from './threads.ts'

const Sink = contract('sink', {
  take: message<number, void>(),
  all: message<void, number[]>(),
})

const sinkOf = (capacity: number) =>
  actor(Sink, {
    durable: true,
    state: () => ({ all: [] as number[] }),
    mailbox: { capacity },
    on: { take: (ctx, n) => void ctx.state.all.push(n) },
    reads: { all: (ctx) => ctx.state.all },
  })

async function answerOf<T>(threads: Threads, asked: Promise<T>): Promise<T> {
  await threads.rest()
  return await asked
}

test('T2: the first page of an actor waits for what its sender told before a delivery that is in it', async (t) => {
  const threads = new Threads([sinkOf(100)])
  t.after(() => threads.close())
  threads.link()
  const sink = threads.ref(Sink, 's')
  sink.tell.take(1)
  const delivered = sink.deliver.take(2)
  while ((await threads.main.run()) || (await threads.commit()));
  // The host has looked at no port yet; the store is heard first.
  threads.host.peer.wake('sink/s')
  while ((await threads.host.run()) || (await threads.host.hear()));
  await answerOf(threads, delivered)
  assert.deepEqual(await answerOf(threads, sink.ask.all()), [1, 2])
  assert.equal(threads.imbalance, 0)
})

test('T2: what waited for a thread has left before that thread looks into the store', async (t) => {
  const threads = new Threads([sinkOf(100)])
  t.after(() => threads.close())
  const sink = threads.ref(Sink, 's')
  sink.tell.take(1)
  const delivered = sink.deliver.take(2)
  await threads.rest(true)
  await delivered
  threads.link()
  // From here on the host may run; the other thread has no go meanwhile.
  threads.host.peer.wake('sink/s')
  while ((await threads.host.run()) || (await threads.host.hear()));
  assert.deepEqual(await answerOf(threads, sink.ask.all()), [1, 2])
  assert.equal(threads.imbalance, 0)
})

test('F4: whoever waits until a thread is quiet hears of it when what waited for another has left', async (t) => {
  const threads = new Threads([sinkOf(100)])
  t.after(() => threads.close())
  threads.ref(Sink, 's').tell.take(1)
  let quiet = false
  const waiting = threads.main.peer.pump.calm('quiet').then(() => {
    quiet = true
  })
  while (await threads.main.run());
  assert.equal(quiet, false, 'a message waits here for its way')
  threads.link()
  while (await threads.main.run());
  assert.equal(quiet, true)
  await waiting
})

const moves = ['tell', 'deliver', 'wake', 'read', 'run', 'hear'] as const
type Move = readonly [(typeof moves)[number], 'normal' | 'high']

async function inOrder(threads: Threads, program: readonly Move[]): Promise<void> {
  const sink = threads.ref(Sink, 's')
  const sent = { normal: [] as number[], high: [] as number[] }
  for (const [n, [move, lane]] of program.entries()) {
    if (move === 'tell' && sink.tell.take(n, { lane }).status === 'queued') sent[lane].push(n)
    if (move === 'deliver') {
      const delivered = sink.deliver.take(n, { lane })
      await threads.rest(true)
      await delivered
      sent[lane].push(n)
    }
    if (move === 'wake') threads.host.peer.wake('sink/s')
    if (move === 'read') await threads.host.read()
    if (move === 'run') await threads.host.run()
    if (move === 'hear') await threads.host.hear()
  }
  await threads.rest()
  const all = await answerOf(threads, sink.ask.all())
  for (const own of [sent.normal, sent.high]) {
    // Told ones may have found no room.
    const came = own.filter((n) => all.includes(n) || program[n]?.[0] === 'deliver')
    assert.deepEqual(
      all.filter((n) => own.includes(n)),
      came,
    )
  }
  assert.equal(threads.imbalance, 0)
}

test('T2: told and delivered in turns, whatever comes first to the receiving thread', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.array(
        fc.tuple(fc.constantFrom(...moves), fc.constantFrom('normal' as const, 'high' as const)),
        {
          minLength: 5,
          maxLength: 40,
        },
      ),
      async (capacity, program) => {
        const threads = new Threads([sinkOf(capacity)])
        try {
          threads.link()
          await inOrder(threads, program)
        } finally {
          threads.close()
        }
      },
    ),
    {
      numRuns: 30,
      examples: [
        // A delivery that comes by page, and what was told before it by link, but later.
        [
          2,
          [
            ['tell', 'normal'],
            ['deliver', 'normal'],
            ['wake', 'normal'],
            ['run', 'normal'],
            ['tell', 'normal'],
            ['hear', 'normal'],
          ],
        ],
        // The other way round, with too little room for both.
        [
          1,
          [
            ['deliver', 'normal'],
            ['tell', 'normal'],
            ['tell', 'normal'],
          ],
        ],
      ],
    },
  )
})
