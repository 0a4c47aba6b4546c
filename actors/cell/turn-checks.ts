/** What a handler may ask of its context, checked when it asks. */
import { shown, TroupeError } from '../../mailbox/errors.ts'
import { aBoolean, checkOptions } from '../../mailbox/options.ts'
import type { ActorDefinition } from '../actor.ts'
import type { TimerSpec } from '../context.ts'

/** Longest name of a timer, a child or an effect, in characters: it is part of records. */
const longestName = 256

/** @throws OPTION_INVALID unless it is a text of 1 to 256 characters */
export function checkName(what: string, name: unknown): asserts name is string {
  if (typeof name === 'string' && name.length > 0 && name.length <= longestName) return
  throw new TroupeError(
    'OPTION_INVALID',
    `${what}: the name is a text of 1 to ${longestName} characters, got ${shown(name)}`,
  )
}

/** @throws OPTION_INVALID, DEFINITION_MISSING */
export function checkTimer(
  definition: ActorDefinition,
  name: string,
  when: TimerSpec,
  message: string,
): void {
  checkName('timer', name)
  checkHandler(definition, `timer "${name}"`, message)
  const [[kind, ms] = [], ...rest] = entriesOf(when)
  const known = kind === 'after' || kind === 'delay' || kind === 'rate'
  const least = kind === 'after' ? 0 : 1
  if (known && rest.length === 0 && Number.isFinite(ms) && (ms as number) >= least) return
  const got = known && rest.length === 0 ? `{ ${kind}: ${shown(ms)} }` : shown(when)
  throw new TroupeError(
    'OPTION_INVALID',
    `timer "${name}": expected one of { after: ms }, { delay: ms }, { rate: ms } with a finite number of ms (rate and delay at least 1), got ${got}`,
  )
}

function entriesOf(given: unknown): [string, unknown][] {
  return typeof given === 'object' && given !== null ? Object.entries(given) : []
}

/** @throws OPTION_INVALID */
export function checkEffect(name: string, fn: unknown, options: unknown): void {
  checkName('effect', name)
  if (typeof fn !== 'function') {
    throw new TroupeError(
      'OPTION_INVALID',
      `effect "${name}": the third argument is the function to call, got ${shown(fn)}`,
    )
  }
  if (options !== undefined) checkOptions(`effect "${name}"`, options, { idempotent: aBoolean })
}

/** @throws OPTION_INVALID unless it is the id of a message */
export function checkInterrupt(message: unknown): asserts message is string {
  if (typeof message === 'string' && message.length > 0) return
  throw new TroupeError(
    'OPTION_INVALID',
    `interrupt: the second argument is the id of a message, a text, got ${shown(message)}`,
  )
}

/** @throws DEFINITION_MISSING unless the actor handles `message` in a turn */
export function checkHandler(definition: ActorDefinition, what: string, message: string): void {
  if (definition.on.has(message)) return
  throw new TroupeError(
    'DEFINITION_MISSING',
    `${what}: "${definition.contract.type}" has no message handler ${shown(message)}`,
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
