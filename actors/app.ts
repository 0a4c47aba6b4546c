/**
 * The app: the one module that lists actors and per-host dependencies. The main thread, every host,
 * the CLI and tests import the same module, so its top level must only define things.
 */
import { isAbsolute } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Address, checkType } from '../mailbox/address.ts'
import { shown, TroupeError } from '../mailbox/errors.ts'
import { aFunction, anArray, checkOptions } from '../mailbox/options.ts'
import type { ActorDefinition } from './actor.ts'
import type { Contract, Messages } from './contract.ts'
import type { Meter } from './meter.ts'
import type { Ref } from './ref.ts'

/** What `deps` is told about the thread it builds for. */
export interface HostInfo {
  /** Slot number, or -1 for the calling thread of a system with `workers: 0`. */
  readonly slot: number
  /** Aborts when the host shuts down. */
  readonly signal: AbortSignal
  /** For dependencies that count what they do; absent in a system without metrics. */
  readonly meter?: Meter | undefined
  /**
   * A ref that sends from this host and from no turn, as `system.ref` does: for dependencies that are
   * served by actors. A durable turn uses such a dependency within a step.
   */
  ref<M extends Messages>(contract: Contract<M>, key: string | Address): Ref<M>
}

/** What {@link app} declares: plain facts about an app module, nothing runs. */
export interface App<Deps = unknown> {
  /** `file:` URL of the module whose default export this is. */
  readonly url: string
  readonly actors: ReadonlyMap<string, ActorDefinition>
  /** Types by the names that they had before (D9). */
  readonly renamed: ReadonlyMap<string, string>
  /** Types that are gone on purpose (D9). */
  readonly removed: ReadonlySet<string>
  /** Builds what handlers find in `ctx.deps`, once per host. */
  readonly deps: ((host: HostInfo) => Deps | Promise<Deps>) | undefined
  /** Releases what `deps` built, when the host shuts down. */
  readonly dispose: ((deps: Deps) => void | Promise<void>) | undefined
}

type NeedsOf<A> =
  A extends ActorDefinition<infer _M, infer Deps> ? (unknown extends Deps ? never : Deps) : never
type Together<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void
  ? I
  : never

/** What all actors of a list need together; `unknown` when they need nothing. */
export type DepsOf<A extends readonly AnyDefinition[]> = Together<NeedsOf<A[number]>>

/** Any actor definition, for constraints. */
// biome-ignore lint/suspicious/noExplicitAny: a constraint has to accept every definition
export type AnyDefinition = ActorDefinition<any, any>

export interface AppParts<A extends readonly AnyDefinition[], Deps> {
  readonly actors: A
  /** Builds what handlers find in `ctx.deps`, once per host, before its first message. */
  readonly deps?: (host: HostInfo) => Deps | Promise<Deps>
  readonly dispose?: (deps: Deps) => void | Promise<void>
  /**
   * Types that the app had before and gave up on purpose: what waits for their actors becomes dead
   * letters, their timers and subscriptions end. Without it such work waits in the store (D9).
   */
  readonly removed?: readonly string[]
}

/** Makes `deps` mandatory when an actor needs something. */
type Demanded<A extends readonly AnyDefinition[]> =
  unknown extends DepsOf<A> ? unknown : { readonly deps: unknown }

/**
 * Declares the app. Export it as the module's default.
 *
 * @param url the module's own `import.meta.url`; in CommonJS its `__filename`
 * @throws APP_INVALID
 */
export function app<const A extends readonly AnyDefinition[], Deps extends DepsOf<A>>(
  url: string,
  parts: AppParts<A, Deps> & Demanded<A>,
): App<Deps> {
  checkOptions('app', parts, {
    actors: anArray,
    deps: aFunction,
    dispose: aFunction,
    removed: anArray,
  })
  if (parts.actors === undefined) throw noActors()
  const actors = byType(parts.actors)
  return Object.freeze({
    url: checkUrl(url),
    actors,
    renamed: renamedTypes(actors),
    removed: removedTypes(actors, parts.removed ?? []),
    deps: parts.deps as App<Deps>['deps'],
    dispose: parts.dispose,
  })
}

function checkUrl(url: unknown): string {
  if (typeof url === 'string') {
    if (isAbsolute(url)) return pathToFileURL(url).href
    if (url.startsWith('file:')) return pathToFileURL(fileURLToPath(url)).href + queryOf(url)
  }
  throw new TroupeError(
    'APP_INVALID',
    `app: the first argument is the module's own import.meta.url (or __filename), got ${shown(url)}`,
  )
}

/** Loaders and test runners distinguish module instances by query. */
function queryOf(url: string): string {
  return new URL(url).search
}

function noActors(): TroupeError {
  return new TroupeError(
    'APP_INVALID',
    'app: "actors" is a list of definitions made by actor(...): app(import.meta.url, { actors: [counter] })',
  )
}

function byType(actors: readonly ActorDefinition[]): ReadonlyMap<string, ActorDefinition> {
  const map = new Map<string, ActorDefinition>()
  // One companion may be that of several, and listed by itself.
  const companions = new Set(actors.flatMap((one) => one?.companions ?? []))
  for (const one of actors) companions.delete(one)
  for (const definition of [...actors, ...companions]) {
    const type = definition?.contract?.type
    if (type === undefined) {
      throw noActors()
    }
    if (map.has(type)) {
      throw new TroupeError('APP_INVALID', `app: two actors have the type "${type}"`)
    }
    map.set(type, definition)
  }
  return map
}

/**
 * The types of these actors by the names that they had before.
 * @throws APP_INVALID when a name leads to two types, or is a type of the app itself
 */
export function renamedTypes(
  actors: ReadonlyMap<string, ActorDefinition>,
): ReadonlyMap<string, string> {
  const renamed = new Map<string, string>()
  for (const [type, { past }] of actors) {
    for (const old of past.renamedFrom) {
      const other = actors.has(old) ? old : renamed.get(old)
      if (other !== undefined) {
        throw new TroupeError(
          'APP_INVALID',
          `app: "${type}" was renamed from "${old}", and so would be "${other}"; an old type leads to one new one`,
        )
      }
      renamed.set(old, type)
    }
  }
  return renamed
}

function removedTypes(
  actors: ReadonlyMap<string, ActorDefinition>,
  removed: readonly string[],
): ReadonlySet<string> {
  const renamed = renamedTypes(actors)
  for (const type of removed) {
    checkType(type)
    if (!actors.has(type) && !renamed.has(type)) continue
    throw new TroupeError(
      'APP_INVALID',
      `app: "${type}" is removed, and an actor has it as its type`,
    )
  }
  return new Set(removed)
}
