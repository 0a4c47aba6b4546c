/** Callers on every host, before one gate that lets two through, and a witness that counts them. */
import { actor, needs } from '../../actors/actor.ts'
import { type GateDeps, gateTurn } from '../../actors/agents/models/gate-actor.ts'
import type { Gates } from '../../actors/agents/models/gates.ts'
import { gates } from '../../actors/agents/models/gates.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import type { Ref } from '../../actors/ref.ts'

export const Caller = contract('caller', {
  call: message<void, { slot: number }>(),
  /** Keeps its permit until the thread is gone. */
  hold: message<void, number>(),
  exit: message(),
  refused: message<void, string>(),
})

export const Witness = contract('witness', {
  in: message(),
  out: message(),
  most: message<void, number>(),
})

interface Deps extends GateDeps {
  readonly gates: Gates
  /** The same, for callers that hold a permit for a moment only. */
  readonly hasty: Gates
  readonly slot: number
  readonly witness: Ref<typeof Witness.messages>
}

export const caller = actor(Caller, {
  durable: true,
  needs: needs<Deps>(),
  state: () => ({ calls: 0 }),
  on: {
    async call(ctx) {
      const { gates, witness, slot } = ctx.deps
      await ctx.effect('call', {}, async ({ signal }) => {
        const permit = await gates.at('model').enter({ tokens: 1, lane: 'high' }, signal)
        await witness.ask.in()
        await witness.ask.out()
        permit.settle({ tokens: 1 })
      })
      ctx.state.calls += 1
      return { slot }
    },
    async hold(ctx) {
      await ctx.deps.hasty.at('single').enter({})
      return ctx.deps.slot
    },
    exit() {
      process.exit(7)
    },
    async refused(ctx) {
      const error = await ctx.deps.gates
        .at('single')
        .enter({ tokens: 11 })
        .then(
          () => undefined,
          (reason: unknown) => reason,
        )
      return (error as { code: string }).code
    },
  },
})

export const witness = actor(Witness, {
  state: () => ({ now: 0, most: 0 }),
  on: {
    in(ctx) {
      ctx.state.now += 1
      ctx.state.most = Math.max(ctx.state.most, ctx.state.now)
    },
    out(ctx) {
      ctx.state.now -= 1
    },
    most: (ctx) => ctx.state.most,
  },
})

const limits = { model: { concurrency: 2 }, single: { concurrency: 1, tokensPerMinute: 10 } }

// biome-ignore lint/style/noDefaultExport: hosts find the app by it
export default app(import.meta.url, {
  actors: [caller, witness, gateTurn],
  deps: (host): Deps => ({
    gates: gates(limits, host),
    hasty: gates(limits, host, { lease: 100 }),
    slot: host.slot,
    witness: host.ref(Witness, 'w'),
  }),
})
