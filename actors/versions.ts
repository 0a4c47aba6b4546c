/**
 * The version of a shape, and the way to it from older ones (D9). States and payloads have one each;
 * what an old store holds is brought to the present one when it is read, a step at a time, in order.
 *
 * A migration is pure: it gets a value of its own, may change it, returns the next one, and calls
 * nothing outside. It runs again whenever the same old value is read again.
 */
import { TroupeError } from '../mailbox/errors.ts'
import { assertEncodable } from '../persistence/encodable.ts'

/**
 * From one version to the next. Write the old shape into the parameter, nothing else knows it any
 * more: `(old: { sum: number }) => ({ balance: old.sum })`.
 */
export type Migration = (old: never) => unknown

/** As a table, since a type that counts is too deep for the compiler where it is compared. */
interface Befores {
  1: 0
  2: 1
  3: 2
  4: 3
  5: 4
  6: 5
  7: 6
  8: 7
  9: 8
  10: 9
  11: 10
  12: 11
  13: 12
  14: 13
  15: 14
  16: 15
  17: 16
  18: 17
  19: 18
  20: 19
  21: 20
  22: 21
  23: 22
  24: 23
  25: 24
  26: 25
  27: 26
  28: 27
  29: 28
  30: 29
  31: 30
  32: 31
}

/** The version before: what the last migration starts from; `number` beyond version 32. */
type Before<V extends number> = V extends keyof Befores ? Befores[V] : number

/** Migrations by the version that they start from. */
export type Migrations = Readonly<Record<number, Migration>>

/** In place of a definition whose last migration returns something else than its state: no app takes it. */
export interface MigrationMismatch {
  readonly error: 'the migration to the present version has to return the state'
}

/**
 * `Made`, when the last of these migrations returns `Result`. The check stands in what a maker returns: in
 * what it takes it would decide too early what `Result` is.
 */
export type IfLeadingTo<V extends number, Given extends Migrations, Result, Made> = number extends
  | Before<V>
  | keyof Given
  ? Made
  : [keyof Given] extends [never]
    ? Made
    : Given extends { readonly [K in Before<V>]: (old: never) => Result }
      ? Made
      : MigrationMismatch

/** What a shape says about its versions. */
export interface Versions {
  /** The present version, from 1 on. */
  readonly version: number
  /** By the version that they start from; no gap up to the present one. */
  readonly migrate: ReadonlyMap<number, Migration>
}

/** Versions are stored in 16 bits. */
const highest = 0xffff

/**
 * @param what names the shape in errors
 * @throws CONTRACT_INVALID for a version that is none, and for a gap in the chain
 */
export function checkVersions(what: string, version: unknown, migrate: unknown): Versions {
  const present = version ?? 1
  if (!isVersion(present)) {
    throw invalid(`${what}: "version" is an integer from 1 to ${highest}, got ${String(present)}`)
  }
  const chain = new Map<number, Migration>()
  for (const [from, step] of Object.entries(migrate ?? {})) chain.set(Number(from), step)
  for (const [from, step] of chain) {
    if (typeof step !== 'function') throw invalid(`${what}: migration ${from} is not a function`)
    if (!isVersion(from) || from >= present) {
      throw invalid(
        `${what}: migrations start from versions below the present one, ${present}; got ${from}`,
      )
    }
  }
  const oldest = Math.min(...chain.keys())
  for (let from = oldest; from < present; from += 1) {
    if (chain.has(from)) continue
    throw invalid(
      `${what}: there is a migration from ${oldest} and none from ${from} to ${from + 1}; the chain goes up to version ${present} without a gap`,
    )
  }
  return Object.freeze({ version: present, migrate: chain })
}

/** Of what says nothing: the first version. */
export const firstVersion: Versions = Object.freeze({ version: 1, migrate: new Map() })

/**
 * The value as the present version has it.
 *
 * @param what names the value, for example `the state of account/alice`
 * @param value of its own: a migration may write into it
 * @throws VERSION_NEWER when it was written by a newer version; MIGRATION_FAILED when there is no
 *   way from its version, a migration throws, or what it returned cannot be kept
 */
export function toPresent(what: string, versions: Versions, value: unknown, from: number): unknown {
  refuseNewer(what, versions, from)
  let migrated = value
  for (let at = from; at < versions.version; at += 1) {
    migrated = step(what, versions, migrated, at)
  }
  return migrated
}

/** @throws VERSION_NEWER */
export function refuseNewer(what: string, { version }: Versions, from: number): void {
  if (from <= version) return
  throw new TroupeError(
    'VERSION_NEWER',
    `${what} has version ${from}, the definition knows up to ${version}: it was written by newer code. Deploy that code again; nothing was changed, and it waits`,
    { fields: { version: from, known: version } },
  )
}

function step(what: string, { version, migrate }: Versions, value: unknown, from: number): unknown {
  const migration = migrate.get(from) as ((old: unknown) => unknown) | undefined
  if (migration === undefined) {
    throw failed(what, from, version, `there is no migration from ${from} to ${from + 1}`)
  }
  try {
    const next = migration(value)
    assertEncodable(next, `what the migration from ${from} to ${from + 1} returned`)
    return next
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw failed(
      what,
      from,
      version,
      `its migration from ${from} to ${from + 1} fails: ${why}`,
      error,
    )
  }
}

function failed(
  what: string,
  from: number,
  version: number,
  why: string,
  cause?: unknown,
): TroupeError {
  return new TroupeError(
    'MIGRATION_FAILED',
    `${what} cannot be brought to version ${version}: ${why}. All its bytes are kept; mend the migration`,
    { fields: { version: from, known: version }, ...(cause !== undefined && { cause }) },
  )
}

function isVersion(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= highest
}

function invalid(why: string): TroupeError {
  return new TroupeError('CONTRACT_INVALID', why)
}
