/** A token goes round a ring of 100 actors: one message at a time, a different actor each. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { savinaCase } from '../savina.ts'
import { must } from '../timing.ts'

const ring = 100

const Node = contract('node', { token: message<number>(), hops: message<void, number>() })
const node = actor(Node, {
  state: () => ({ hops: 0 }),
  on: {
    token(ctx, left) {
      ctx.state.hops += 1
      const next = (Number(ctx.self.key) + 1) % ring
      if (left > 1) ctx.ref(Node, String(next)).tell.token(left - 1)
    },
    hops: (ctx) => ctx.state.hops,
  },
})

export const savinaThreadring = savinaCase({
  name: 'threadring',
  what: 'a token round a ring of 100 actors',
  unit: 'hops/s',
  app: app(import.meta.url, { actors: [node] }),
  size: 500_000,
  quickSize: 5_000,
  erlang: 'threadring',
  async run(system, size) {
    system.ref(Node, '0').tell.token(size)
    await system.quiet()
    let hops = 0
    for (let i = 0; i < ring; i += 1) hops += await system.ref(Node, String(i)).ask.hops()
    must(hops === size, () => `${hops} of ${size} hops`)
  },
})
