/** One message between two actors of one thread, there and back again and again: nothing can be batched. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createSystem } from '../../runtime/index.ts'
import type { BenchCase } from '../bench-case.ts'
import { erlangPeer, nodePeer } from '../peers/index.ts'
import { must, rate } from '../timing.ts'

const Player = contract('player', {
  ball: message<number>(),
  hits: message<void, number>(),
})
const player = actor(Player, {
  state: () => ({ hits: 0 }),
  on: {
    ball(ctx, left) {
      ctx.state.hits += 1
      const other = ctx.self.key === 'ping' ? 'pong' : 'ping'
      if (left > 0) ctx.ref(Player, other).tell.ball(left - 1)
    },
    hits: (ctx) => ctx.state.hits,
  },
})
const players = app(import.meta.url, { actors: [player] })

export const pingPongLocal: BenchCase = {
  name: 'ping-pong-local',
  what: 'one message between two actors of one thread',
  unit: 'messages/s',
  better: 'higher',
  gate: { ratioTo: 'Erlang', wanted: 3, aim: true },
  async prepare(quick) {
    const system = await createSystem(players, { workers: 0, development: false })
    const count = quick ? 10_000 : 1_000_000
    let sent = 0
    return {
      ours: {
        name: 'troupe',
        async round() {
          const figure = await rate(count, async () => {
            system.ref(Player, 'ping').tell.ball(count - 1)
            await system.quiet()
          })
          sent += count
          const [ping, pong] = await Promise.all(
            ['ping', 'pong'].map((key) => system.ref(Player, key).ask.hits()),
          )
          const hits = (ping ?? 0) + (pong ?? 0)
          must(hits === sent, () => `expected ${sent} hits, got ${hits}`)
          return figure
        },
      },
      bounds: [{ name: 'bare queue and call', round: () => bareQueue(count) }],
      peers: [
        erlangPeer('ping_pong', count),
        nodePeer('nact', 'pingPong', quick ? 2_000 : 200_000),
      ],
      close: async () => void (await system.close()),
    }
  },
}

/** A message object that is put into a queue and taken out again. */
function bareQueue(count: number): number {
  const queue: { readonly to: number; readonly left: number }[] = []
  const hits = [0, 0]
  const start = performance.now()
  queue.push({ to: 0, left: count - 1 })
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    hits[next.to] = (hits[next.to] ?? 0) + 1
    if (next.left > 0) queue.push({ to: 1 - next.to, left: next.left - 1 })
  }
  const seconds = (performance.now() - start) / 1_000
  must((hits[0] ?? 0) + (hits[1] ?? 0) === count, () => 'the bare queue lost the ball')
  return count / seconds
}
