/** Callers of one limiter that all hosts share. */
import { actor, needs } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { type Limits, limits } from '../../actors/patterns/limits/limits.ts'
import { type LimitDeps, limitTurn } from '../../actors/patterns/limits/turn.ts'
import { TroupeError } from '../../mailbox/errors.ts'

export const Caller = contract('caller', {
  call: message<{ user: string; tokens: number; used: number }, string>(),
})

interface Deps extends LimitDeps {
  readonly limits: Limits
}

export const caller = actor(Caller, {
  durable: true,
  needs: needs<Deps>(),
  state: () => ({ calls: 0 }),
  on: {
    async call(ctx, { user, tokens, used }) {
      const said = await ctx.effect('call', { user, tokens }, async ({ signal }) => {
        try {
          const limiter = ctx.deps.limits.at('answers')
          const reservation = await limiter.take({ user, tenant: 'acme', tokens }, { signal })
          reservation.settle({ tokens: used })
          return 'through'
        } catch (error) {
          if (!(error instanceof TroupeError)) throw error
          return error.code
        }
      })
      ctx.state.calls += 1
      return said
    },
  },
})

const rules = { answers: { user: { tokens: { perMinute: 60, burst: 100 } } } }

// biome-ignore lint/style/noDefaultExport: hosts find the app by it
export default app(import.meta.url, {
  actors: [caller, limitTurn],
  deps: (host): Deps => ({ limits: limits(rules, host) }),
})
