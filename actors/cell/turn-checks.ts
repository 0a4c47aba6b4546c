/** What a handler may ask of its context, checked when it asks. */
import { TroupeError } from '../../mailbox/errors.ts'
import type { ActorDefinition } from '../actor.ts'
import type { TimerSpec } from '../context.ts'

/** @throws OPTION_INVALID, DEFINITION_MISSING */
export function checkTimer(
  definition: ActorDefinition,
  name: string,
  when: TimerSpec,
  message: string,
): void {
  if (typeof name !== 'string' || name.length === 0) {
    throw new TroupeError(
      'OPTION_INVALID',
      'timer: the first argument is its name, a non-empty text',
    )
  }
  checkHandler(definition, `timer "${name}"`, message)
  const [[kind, ms] = [], ...rest] = Object.entries(when) as [string, unknown][]
  const known = kind === 'after' || kind === 'delay' || kind === 'rate'
  const least = kind === 'after' ? 0 : 1
  if (known && rest.length === 0 && Number.isFinite(ms) && (ms as number) >= least) return
  throw new TroupeError(
    'OPTION_INVALID',
    `timer "${name}": expected one of { after: ms }, { delay: ms }, { rate: ms } with a finite number of ms (rate and delay at least 1), got ${JSON.stringify(when)}`,
  )
}

/** @throws DEFINITION_MISSING unless the actor handles `message` in a turn */
export function checkHandler(definition: ActorDefinition, what: string, message: string): void {
  if (definition.on.has(message)) return
  throw new TroupeError(
    'DEFINITION_MISSING',
    `${what}: "${definition.contract.type}" has no message handler "${message}"`,
  )
}

/** @throws CONTRACT_INVALID when nobody would hear of the end of the watched actor */
export function checkWatch({ behavior, contract }: ActorDefinition): void {
  if (behavior.onTerminated !== undefined) return
  throw new TroupeError(
    'CONTRACT_INVALID',
    `watch: "${contract.type}" has no onTerminated hook, which a watch calls; add it to actor(...)`,
  )
}
