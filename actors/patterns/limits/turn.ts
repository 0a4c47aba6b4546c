/**
 * One limiter for all hosts: each request is a volatile actor `rate-limit/NAME/ID`. All of them are pinned
 * to one thread and share that thread's `LocalLimiter`. As with the gate before a model, the actor's life
 * is the request's: `take` is answered when it may go, `settle` ends it, or a lease does when its host died.
 *
 * Not a step of the caller's turn (D2): ask within the effect that is limited.
 */
import { TroupeError } from '../../../mailbox/errors.ts'
import { type ActorDefinition, actor, needs } from '../../actor.ts'
import { contract } from '../../contract.ts'
import { message } from '../../message.ts'
import type { LocalLimiter, Reservation } from './limiter.ts'
import type { LimitRequest } from './rules.ts'

/** What is asked of the actor. */
export interface Taking extends LimitRequest {
  /** Most ms it waits. */
  readonly within: number
  /** Most ms until it settles. */
  readonly lease: number
}

/** Let through, or the error as data: a volatile actor that throws would start again. */
export type TakeReply =
  | { readonly through: true }
  | {
      readonly through: false
      readonly code: 'RATE_LIMITED' | 'RATE_TOO_LARGE' | 'CANCELLED' | 'OPTION_INVALID'
      readonly message: string
      readonly fields: { readonly [name: string]: number | string }
    }

/** The contract of {@link limitTurn}: for `Limits`, not for users. */
export const LimitTurn = contract('rate-limit', {
  take: message<Taking, TakeReply>(),
  settle: message<{ readonly tokens?: number }>(),
  lapse: message(),
})

/** What the actor finds in `ctx.deps`. */
export interface LimitDeps {
  readonly limits: {
    /** The limiter of this name in this thread. */
    local(name: string): LocalLimiter
  }
}

/** `NAME/ID`; a name may hold slashes, an id does not. */
const nameOf = (key: string): string => key.slice(0, key.lastIndexOf('/'))

/** The actor of a request at a limiter: list it in the app whose `deps` have {@link LimitDeps}. */
export const limitTurn: ActorDefinition<typeof LimitTurn.messages, LimitDeps> = actor(LimitTurn, {
  needs: needs<LimitDeps>(),
  pin: 'rate-limit',
  state: (): { reservation?: Reservation } => ({}),
  on: {
    async take(ctx, { within, lease, ...request }): Promise<TakeReply> {
      try {
        const limiter = ctx.deps.limits.local(nameOf(ctx.self.key))
        ctx.state.reservation = await limiter.take(request, { within, signal: ctx.signal })
      } catch (error) {
        ctx.stop()
        return refusal(error)
      }
      ctx.timer('lease', { after: lease }, 'lapse')
      return { through: true }
    },
    settle(ctx, used) {
      ctx.state.reservation?.settle(used)
      ctx.stop()
    },
    // What was reserved counts as used.
    lapse: (ctx) => ctx.stop(),
  },
})

function refusal(error: unknown): TakeReply {
  if (!(error instanceof TroupeError)) throw error
  return {
    through: false,
    code: error.code as 'RATE_LIMITED',
    message: error.message,
    fields: error.fields as { readonly [name: string]: number | string },
  }
}
