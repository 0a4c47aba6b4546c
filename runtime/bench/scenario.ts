/**
 * What a user measures: an app, how it is prepared, which messages it gets, and how they come. Checked
 * once, into one frozen object.
 */
import type { App } from '../../actors/app.ts'
import type { MessageOptions } from '../../actors/ref.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { UserLane } from '../../mailbox/lane.ts'
import {
  aDuration,
  aFunction,
  anArray,
  anInteger,
  anObject,
  aText,
  checkOptions,
  type OptionCheck,
  oneOf,
} from '../../mailbox/options.ts'
import type { SystemOptions } from '../main/options.ts'
import type { System } from '../main/system.ts'

/** What a message of the mix is sent with. */
export interface Call {
  readonly system: System
  /** Number of this message within the run, from 0: a key, for example `k${n % 1000}`. */
  readonly n: number
  /** 0 (inclusive) to 1; the same numbers in every run with the same seed. */
  random(): number
  /** The lane of the mix; hand it on as the last argument of the send. */
  readonly options: MessageOptions
}

/** One kind of message. */
export interface MixEntry {
  /** As the report calls it. */
  readonly name: string
  /** How often beside the others; default 1. */
  readonly weight?: number
  /** Default `normal`. */
  readonly lane?: UserLane
  /** Sends one; the message is done when the promise is. */
  readonly send: (call: Call) => Promise<unknown>
}

/** A stretch of time with one rate. */
export interface Phase {
  /** Ms. */
  readonly duration: number
  /** Messages per second. */
  readonly rate: number
}

/**
 * How messages come.
 *
 * `concurrency` is a closed loop: each of so many senders sends its next message when the last one is done,
 * so a slow system is asked less. `rate` is an open loop: messages come when they come, and a latency counts
 * from the time a message was due, whether or not it could be sent then. `history` sends what a store
 * recorded from outside, in its own rhythm times `speed`; `speed: 'full'` is a closed loop over it.
 */
export type Load =
  | { readonly concurrency: number }
  | { readonly rate: number | readonly Phase[] }
  | {
      readonly history: string
      readonly speed?: number | 'full'
      /** Senders at full speed; default 64. */
      readonly concurrency?: number
    }

/** What ran, for a scenario's own check. */
export interface ScenarioCounts {
  /** Messages sent, those of the warm-up included. */
  readonly sent: number
  readonly done: number
  readonly failed: number
}

/** Everything a scenario may say. */
export interface Scenario {
  /** Of the report. */
  readonly name: string
  readonly app: App
  /** Options of the system. Without a `store`, durable actors get a file that is removed afterwards. */
  readonly system?: SystemOptions
  /** Before the first message; not measured. */
  readonly setUp?: (system: System) => void | Promise<void>
  /** Which messages; with a `history` those are the recorded ones. */
  readonly mix?: readonly MixEntry[]
  readonly load: Load
  /** Ms of the measurement; with phases or a history: theirs. Default 10,000. */
  readonly duration?: number
  /** Ms before it, whose messages are sent and not measured. Default 1,000. */
  readonly warmUp?: number
  /** Most messages that may be open at once; what comes beyond fails as MAILBOX_FULL. Default 50,000. */
  readonly mostOpen?: number
  /** Of `random`. Default the name. */
  readonly seed?: string
  /** After the last message is done: throws when the system is not as it should be. */
  readonly check?: (system: System, counts: ScenarioCounts) => void | Promise<void>
}

/** A scenario with everything that it left open. */
export interface CheckedScenario extends Scenario {
  readonly system: SystemOptions
  readonly mix: readonly MixEntry[]
  readonly duration: number
  readonly warmUp: number
  readonly mostOpen: number
  readonly seed: string
}

const aRate: OptionCheck = (value) =>
  typeof value === 'number' && value > 0 && Number.isFinite(value) ? undefined : 'a number above 0'
const aRateOrPhases: OptionCheck = (value) =>
  Array.isArray(value) && value.length > 0
    ? undefined
    : aRate(value) && 'a rate or a list of phases'
const aSpeed: OptionCheck = (value) =>
  value === 'full' ? undefined : aRate(value) && 'a number above 0, or "full"'

const scenarioChecks = {
  name: aText,
  app: anObject,
  system: anObject,
  setUp: aFunction,
  mix: anArray,
  load: anObject,
  duration: aDuration,
  warmUp: aDuration,
  mostOpen: anInteger(1),
  seed: aText,
  check: aFunction,
}
const mixChecks = {
  name: aText,
  weight: aRate,
  lane: oneOf('control', 'high', 'normal', 'low'),
  send: aFunction,
}
const phaseChecks = { duration: aDuration, rate: aRate }
const loadChecks = {
  concurrency: anInteger(1),
  rate: aRateOrPhases,
  history: aText,
  speed: aSpeed,
}

/**
 * Declares a scenario. Export it as the module's default, and run it: `troupe bench scenario.ts`.
 * @throws OPTION_INVALID
 */
export function scenario(given: Scenario): CheckedScenario {
  checkOptions('scenario', given, scenarioChecks)
  const { name, app, load, mix = [] } = given
  if (name === undefined) throw invalid('option "name" is missing')
  if (!(app?.actors instanceof Map))
    throw invalid('option "app" must be an app, as made by app(...)')
  checkLoad(load, mix)
  for (const entry of mix) checkOptions('scenario mix', entry, mixChecks)
  for (const { name: what, send } of mix) {
    if (what === undefined || send === undefined)
      throw invalid('an entry of "mix" has a name and a send')
  }
  return Object.freeze({
    ...given,
    system: given.system ?? {},
    mix,
    duration: durationOf(load) ?? given.duration ?? 10_000,
    warmUp: given.warmUp ?? 1_000,
    mostOpen: given.mostOpen ?? 50_000,
    seed: given.seed ?? name,
  })
}

/** Phases say themselves how long they take. */
function durationOf(load: Load): number | undefined {
  if (!('rate' in load) || typeof load.rate === 'number') return undefined
  return load.rate.reduce((sum, { duration }) => sum + duration, 0)
}

function checkLoad(load: Load | undefined, mix: readonly MixEntry[]): void {
  if (load === undefined) throw invalid('option "load" is missing')
  checkOptions('scenario load', load, loadChecks)
  const kinds = (['history', 'rate', 'concurrency'] as const).filter((kind) => kind in load)
  if (kinds.length === 0) throw invalid('"load" must have a "concurrency", a "rate" or a "history"')
  if (kinds[0] === 'rate' && kinds.length > 1)
    throw invalid('"load" has a rate or a concurrency, not both')
  if ('rate' in load && Array.isArray(load.rate)) {
    for (const phase of load.rate) checkOptions('scenario phase', phase, phaseChecks)
  }
  if ('history' in load && mix.length > 0)
    throw invalid('a history brings its messages: leave "mix" out')
  if (!('history' in load) && mix.length === 0) throw invalid('"mix" must have at least one entry')
}

function invalid(why: string): TroupeError {
  return new TroupeError('OPTION_INVALID', `scenario: ${why}`)
}
