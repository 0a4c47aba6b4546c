/**
 * Messages between actors of one thread, lanes, accounting and flight recorder on, beside a bare loop: a
 * ring of messages and a handler call.
 */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { Envelope } from '../../mailbox/envelope.ts'
import { Lane } from '../../mailbox/lane.ts'
import { createSystem } from '../../runtime/index.ts'
import { FlightRecorder } from '../../runtime/peer/flight-recorder.ts'
import type { BenchCase, Contestant } from '../bench-case.ts'
import { erlangPeer, nodePeer } from '../peers/index.ts'
import { must, rate } from '../timing.ts'

const Counter = contract('counter', {
  add: message<number>(),
  total: message<void, number>(),
})
const Sender = contract('sender', { send: message<number>() })

const counter = actor(Counter, {
  state: () => ({ total: 0 }),
  on: {
    add(ctx, by) {
      ctx.state.total += by
    },
    total: (ctx) => ctx.state.total,
  },
})
const sender = actor(Sender, {
  on: {
    send(ctx, count) {
      const to = ctx.ref(Counter, 'c')
      for (let i = 0; i < count; i += 1) to.tell.add(1)
    },
  },
})
const bench = app(import.meta.url, { actors: [counter, sender] })

/** Messages of one burst: less than a mailbox holds. */
const burst = 4_000

export const tellLocal: BenchCase = {
  name: 'tell-local',
  what: 'messages between two actors of one thread',
  unit: 'messages/s',
  better: 'higher',
  gate: [
    { ratioToBound: 0.4, aim: true },
    { ratioTo: 'Erlang', wanted: 3, aim: true },
    { ratioTo: 'nact', wanted: 20, aim: true },
    { fact: '% of a message for the flight recorder', better: 'lower', limit: 3 },
  ],
  async prepare(quick) {
    const system = await createSystem(bench, { workers: 0, development: false })
    const bursts = quick ? 10 : 200
    const count = bursts * burst
    let sent = 0
    const ours: Contestant = {
      name: 'troupe',
      async round() {
        const figure = await rate(count, async () => {
          for (let i = 0; i < bursts; i += 1) {
            await system.ref(Sender, 's').ask.send(burst)
            await system.ref(Counter, 'c').ask.total()
          }
        })
        sent += count
        const total = await system.ref(Counter, 'c').ask.total()
        must(total === sent, () => `expected a total of ${sent}, got ${total}`)
        const share = (figure / flightNotes(count)) * 100
        return { figure, facts: { '% of a message for the flight recorder': share } }
      },
    }
    return {
      ours,
      bounds: [bareLoop(bursts)],
      peers: [
        erlangPeer('counting', quick ? 10_000 : 2_000_000),
        nodePeer('nact', 'counting', quick ? 2_000 : 200_000),
        nodePeer('xstate', 'counting', quick ? 10_000 : 1_000_000),
      ],
      close: async () => void (await system.close()),
    }
  },
}

/** Notes that the flight recorder takes per second. */
function flightNotes(count: number): number {
  const recorder = new FlightRecorder()
  const envelope = new Envelope('counter/c', 'sender/s', 'add', 1, Lane.normal, -1, 1, 0, 0)
  const start = performance.now()
  for (let i = 0; i < count; i += 1) recorder.note(envelope, 1, i)
  return count / ((performance.now() - start) / 1_000)
}

/** The least any mailbox has to do: an object per message, a queue, a call. */
function bareLoop(bursts: number): Contestant {
  const state = { total: 0 }
  const add = (by: number): void => {
    state.total += by
  }
  const handlers = new Map([['add', add]])
  return {
    name: 'bare queue and call',
    round() {
      state.total = 0
      const start = performance.now()
      for (let i = 0; i < bursts; i += 1) {
        const queue: { readonly name: string; readonly payload: number }[] = []
        for (let j = 0; j < burst; j += 1) queue.push({ name: 'add', payload: 1 })
        for (const { name, payload } of queue) handlers.get(name)?.(payload)
      }
      const seconds = (performance.now() - start) / 1_000
      must(state.total === bursts * burst, () => 'the bare loop lost count')
      return (bursts * burst) / seconds
    },
  }
}
