/** 60 actors, each pings a random other one, waits for its pong and pings again: many to many. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { nextRandom, savinaCase } from '../savina.ts'
import { must } from '../timing.ts'

const actors = 60

const Peer = contract('peer', {
  go: message<number>(),
  ping: message<{ from: string }>(),
  pong: message(),
  pongs: message<void, number>(),
})
const peer = actor(Peer, {
  state: (key) => ({ left: 0, pongs: 0, seed: Number(key) * 7_919 + 1 }),
  on: {
    go(ctx, pings) {
      ctx.state.left = pings
      ctx.ref(Peer, ctx.self.key).tell.pong()
      ctx.state.pongs -= 1
    },
    ping(ctx, { from }) {
      ctx.ref(Peer, from).tell.pong()
    },
    pong(ctx) {
      const { state } = ctx
      state.pongs += 1
      if (state.left === 0) return
      state.left -= 1
      state.seed = nextRandom(state.seed)
      ctx.ref(Peer, String(state.seed % actors)).tell.ping({ from: ctx.self.key })
    },
    pongs: (ctx) => ctx.state.pongs,
  },
})

export const savinaBig = savinaCase({
  name: 'big',
  what: '60 actors that ping each other at random',
  unit: 'pings/s',
  app: app(import.meta.url, { actors: [peer] }),
  size: 240_000,
  quickSize: 6_000,
  erlang: 'big',
  async run(system, size) {
    const each = size / actors
    for (let i = 0; i < actors; i += 1) system.ref(Peer, String(i)).tell.go(each)
    await system.quiet()
    let pongs = 0
    for (let i = 0; i < actors; i += 1) pongs += await system.ref(Peer, String(i)).ask.pongs()
    must(pongs === size, () => `${pongs} of ${size} pings were answered`)
  },
})
