/**
 * Messages between actors of one thread, lanes and accounting on, beside a bare loop: a ring of
 * messages and a handler call.
 */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createSystem } from '../../runtime/index.ts'
import type { BenchCase, Contestant } from '../bench-case.ts'

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
  async prepare(quick) {
    const system = await createSystem(bench, { workers: 0, development: false })
    const bursts = quick ? 10 : 200
    let sent = 0
    const ours: Contestant = {
      name: 'troupe',
      async round() {
        const start = performance.now()
        for (let i = 0; i < bursts; i += 1) {
          await system.ref(Sender, 's').ask.send(burst)
          await system.ref(Counter, 'c').ask.total()
        }
        const seconds = (performance.now() - start) / 1_000
        sent += bursts * burst
        const total = await system.ref(Counter, 'c').ask.total()
        if (total !== sent) throw new Error(`expected a total of ${sent}, got ${total}`)
        return (bursts * burst) / seconds
      },
    }
    return { ours, bounds: [bareLoop(bursts)], close: async () => void (await system.close()) }
  },
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
      if (state.total !== bursts * burst) throw new Error('the bare loop lost count')
      return (bursts * burst) / seconds
    },
  }
}
