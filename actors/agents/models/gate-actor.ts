/**
 * One gate for all hosts: each call that waits or runs is a volatile actor `gate/NAME/ID`. All of them
 * are pinned to one thread and share that thread's `LocalGate`, so that one line decides for everyone.
 *
 * The actor's life is the call's: `enter` is answered when it is its turn, `settle` ends it. A lease
 * ends it when the host that held the permit has died.
 *
 * Not a step of the caller's turn (D2): a permit that is read from the history is one that nobody holds.
 * The caller asks from within the step that makes the call, through `HostInfo.ref`.
 */
import { TroupeError } from '../../../mailbox/errors.ts'
import type { UserLane } from '../../../mailbox/lane.ts'
import { type ActorDefinition, actor, needs } from '../../actor.ts'
import { contract } from '../../contract.ts'
import { message } from '../../message.ts'
import type { Permit, Settlement } from './gate.ts'
import type { LocalGate } from './local-gate.ts'

/** What is asked of the actor. */
export interface Entering {
  readonly tokens: number
  readonly lane: UserLane
  readonly tenant: string
  /** Most ms the permit is held. */
  readonly lease: number
}

/** Let through, or the error as data: a volatile actor that throws would start again. */
export type Entered =
  | { readonly through: true }
  | {
      readonly through: false
      readonly code: 'GATE_FULL' | 'GATE_TOO_LARGE' | 'CANCELLED' | 'OPTION_INVALID'
      readonly message: string
      readonly fields: { readonly [name: string]: number | string }
    }

/** The contract of {@link gateTurn}: for `Gates`, not for users. */
export const GateTurn = contract('gate', {
  enter: message<Entering, Entered>(),
  settle: message<Settlement>(),
  lapse: message(),
})

/** What the actor finds in `ctx.deps`. */
export interface GateDeps {
  readonly gates: {
    /** The gate of this name in this thread. */
    local(name: string): LocalGate
  }
}

/** `NAME/ID`; a name may hold slashes, an id does not. */
const nameOf = (key: string): string => key.slice(0, key.lastIndexOf('/'))

/** The actor of a call at a gate: list it in the app whose `deps` have {@link GateDeps}. */
export const gateTurn: ActorDefinition<typeof GateTurn.messages, GateDeps> = actor(GateTurn, {
  needs: needs<GateDeps>(),
  pin: 'gate',
  state: (): { permit?: Permit } => ({}),
  on: {
    async enter(ctx, { lease, ...request }): Promise<Entered> {
      try {
        const gate = ctx.deps.gates.local(nameOf(ctx.self.key))
        ctx.state.permit = await gate.enter(request, ctx.signal)
      } catch (error) {
        ctx.stop()
        return refusal(error)
      }
      ctx.timer('lease', { after: lease }, 'lapse')
      return { through: true }
    },
    settle(ctx, settlement) {
      ctx.state.permit?.settle(settlement)
      ctx.stop()
    },
    lapse(ctx) {
      ctx.log.warn(
        'a call did not settle in time at its gate: its host died, or the lease is too short',
      )
      ctx.state.permit?.settle()
      ctx.stop()
    },
  },
})

function refusal(error: unknown): Entered {
  if (!(error instanceof TroupeError)) throw error
  return {
    through: false,
    code: error.code as 'GATE_FULL',
    message: error.message,
    fields: error.fields as { readonly [name: string]: number | string },
  }
}
