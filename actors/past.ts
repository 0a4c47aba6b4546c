/**
 * What a definition says about what a store may still hold of its actors (D9): older versions of
 * their state, the type and the handlers by other names, and handlers that are gone on purpose.
 * Checked once, here; used where records are read (`cell/present.ts`), and nowhere else.
 */
import { checkType } from '../mailbox/address.ts'
import { TroupeError } from '../mailbox/errors.ts'
import { anArray, anInteger, anObject, type OptionCheck } from '../mailbox/options.ts'
import { checkVersions, type Migrations, type Versions } from './versions.ts'

/** The part of an actor definition that is about its past. */
export interface Upgrades<V extends number = number, G extends Migrations = Migrations> {
  /** Version of the state, raised when its shape changes (D9). Default 1. */
  readonly version?: V
  /**
   * From each older version that a store may hold to the next: `{ 1: (old: Sum) => ({ balance: old.sum }) }`.
   * Pure; without a gap up to `version`. What they return at last is the state.
   */
  readonly migrate?: G
  /** Types that this one had before: their actors are this one's from the next start on. */
  readonly renamedFrom?: readonly string[]
  /** Old message names with the present ones, for what still waits: `{ pay: 'deposit' }`. */
  readonly renamed?: Readonly<Record<string, string>>
  /** Message names that are gone on purpose: what still waits becomes dead letters. */
  readonly removed?: readonly string[]
}

/** The same, checked. */
export interface Past {
  readonly state: Versions
  readonly renamedFrom: readonly string[]
  readonly renamed: ReadonlyMap<string, string>
  readonly removed: ReadonlySet<string>
}

/** Kinds of the options in {@link Upgrades}. */
export const pastChecks: Readonly<Record<string, OptionCheck>> = {
  version: anInteger(1, 0xffff),
  migrate: anObject,
  renamedFrom: anArray,
  renamed: anObject,
  removed: anArray,
}

/**
 * @param handlers names of all messages that are handled now
 * @throws CONTRACT_INVALID, ADDRESS_INVALID
 */
export function checkPast(
  what: string,
  type: string,
  upgrades: Upgrades,
  handlers: ReadonlySet<string>,
): Past {
  const { renamedFrom = [], renamed = {}, removed = [] } = upgrades
  for (const old of renamedFrom) {
    checkType(old)
    if (old === type) throw invalid(what, `"renamedFrom" names its own type "${old}"`)
  }
  for (const [old, name] of Object.entries(renamed)) {
    checkGone(what, 'renamed', old, handlers)
    if (!handlers.has(name))
      throw invalid(what, `"renamed" leads to "${name}", which has no handler`)
  }
  for (const old of removed) {
    checkGone(what, 'removed', old, handlers)
    if (Object.hasOwn(renamed, old)) throw invalid(what, `"${old}" is both renamed and removed`)
  }
  return Object.freeze({
    state: checkVersions(what, upgrades.version, upgrades.migrate),
    renamedFrom: Object.freeze([...renamedFrom]),
    renamed: new Map(Object.entries(renamed)),
    removed: new Set(removed),
  })
}

function checkGone(
  what: string,
  option: string,
  name: unknown,
  handlers: ReadonlySet<string>,
): void {
  if (typeof name !== 'string' || name === '') {
    throw invalid(what, `"${option}" lists message names, got ${String(name)}`)
  }
  if (handlers.has(name)) throw invalid(what, `"${option}" names "${name}", which has a handler`)
}

function invalid(what: string, why: string): TroupeError {
  return new TroupeError('CONTRACT_INVALID', `${what}: ${why}`)
}
