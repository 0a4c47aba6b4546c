/**
 * T5 at run time: which values may be payload, reply or durable state.
 *
 * Owns the check that names the offending path, and measures on the way. Does not own the list of kinds (`kinds.ts`), the copy
 * (`copy.ts`), bytes (`codec.ts`) nor drafts (`actors/draft`): a draft answers the symbol PLAIN with
 * what stands behind it, and that is all this room knows of it.
 *
 * Invariants:
 * 1. A value that passes is a finite tree: a cycle is found as depth beyond {@link MAX_DEPTH}, so the
 *    usual case pays for no bookkeeping; only the refusal looks where it closes. A value met twice is
 *    two values.
 * 2. The fast walk carries no path. A refusal collects its segments on the way out.
 * 3. A value may be a proxy in bad faith: whatever it throws is a refusal with that as its cause.
 * 4. Map keys and Set members are compared by value, since identity does not survive a restart.
 */

import { TroupeError } from '../mailbox/errors.ts'
import { Extent } from './extent.ts'
import {
  describe,
  extraName,
  type Fields,
  isFieldName,
  isKey,
  kindOf,
  MAX_DEPTH,
  plainOf,
  refused,
} from './kinds.ts'

export { PLAIN } from './kinds.ts'

import { notEncodable, shownPath } from './not-encodable.ts'
import {
  cutPath,
  entrySegment,
  indexSegment,
  joinPath,
  memberSegment,
  propertySegment,
} from './path.ts'

import type { Secret } from './secret.ts'

export type {
  CheckedEncodable,
  Encodable,
  EncodableBytes,
  EncodableKey,
  EncodableOf,
  NotEncodable,
} from './encodable-types.ts'

/** Why a value is refused, and where: steps innermost first. */
interface Problem {
  readonly why: string
  readonly inward: Step[]
  readonly cause?: unknown
}

/** One step inward: the container, and how its part is spelt. */
interface Step {
  readonly container: object
  readonly segment: string
}

/**
 * Throws unless the codec can carry the value (T5).
 *
 * @param what names the value in the message, for example `payload of account.deposit`
 * @returns how large it will be
 * @throws NOT_ENCODABLE with `fields.path` such as `items[3].at`, empty for the value itself
 */
export function assertEncodable(value: unknown, what: string): Extent {
  const extent = new Extent()
  const problem = problemIn(value, 0, extent)
  if (problem === undefined) return extent
  const steps = problem.inward.toReversed()
  throw cycleError(what, steps) ?? notEncodable(what, problem.why, segmentsOf(steps), problem.cause)
}

/** A cycle is refused at the reference that closes it, not where the depth ran out. */
function cycleError(what: string, steps: readonly Step[]): TroupeError | undefined {
  const first = new Map<object, number>()
  for (const [at, { container }] of steps.entries()) {
    const earlier = first.get(container)
    if (earlier === undefined) {
      first.set(container, at)
      continue
    }
    const target = earlier === 0 ? 'the whole value' : spelt(steps.slice(0, earlier))
    return notEncodable(what, `a cycle: it refers to ${target}`, segmentsOf(steps.slice(0, at)))
  }
  return undefined
}

const segmentsOf = (steps: readonly Step[]): string[] => steps.map(({ segment }) => segment)
const spelt = (steps: readonly Step[]): string => cutPath(joinPath(segmentsOf(steps)), shownPath)

function refuse(why: string, cause?: unknown): Problem {
  return { why, inward: [], cause }
}

function inside(problem: Problem, container: object, segment: string): Problem {
  problem.inward.push({ container, segment })
  return problem
}

function problemIn(value: unknown, depth: number, extent: Extent): Problem | undefined {
  if (typeof value === 'object' && value !== null) return problemInObject(value, depth, extent)
  if (typeof value === 'function') return refuse('a function')
  if (typeof value === 'symbol') return refuse('a symbol')
  extent.addPrimitive(value)
  return undefined
}

/** A proxy may throw whatever is asked of it. */
function problemInObject(value: object, depth: number, extent: Extent): Problem | undefined {
  if (depth === MAX_DEPTH) return refuse(`nested deeper than ${MAX_DEPTH} levels`)
  try {
    return problemByKind(value, depth, extent)
  } catch (cause) {
    if (cause instanceof TroupeError) throw cause
    return refuse('an object that cannot be looked at: reading it throws', cause)
  }
}

function problemByKind(value: object, depth: number, extent: Extent): Problem | undefined {
  switch (kindOf(value)) {
    case 'record':
      return problemInRecord(value as Fields, depth + 1, extent)
    case 'array':
      return problemInArray(value as unknown[], depth + 1, extent)
    case 'map':
      return problemInMap(value as Map<unknown, unknown>, depth + 1, extent)
    case 'set':
      return problemInSet(value as Set<unknown>, extent)
    case 'date':
      extent.addContainer()
      return Number.isNaN((value as Date).getTime()) ? refuse('an invalid Date') : undefined
    case 'bytes':
      extent.addBytes((value as Uint8Array).byteLength)
      return undefined
    case 'secret':
      extent.addBytes((value as Secret).bytes.length)
      return undefined
    case undefined:
      return problemInStandIn(value, depth, extent)
  }
}

/** A draft is walked as what it looks like, for the path; a ref only through what it stands for. */
function problemInStandIn(value: object, depth: number, extent: Extent): Problem | undefined {
  const plain = plainOf(value)
  if (plain === undefined) return refuse(describe(value))
  return problemIn(plain.call(value, depth), depth, extent)
}

function problemInRecord(record: Fields, depth: number, extent: Extent): Problem | undefined {
  extent.addContainer()
  if (Object.getOwnPropertySymbols(record).length > 0) return refuse('an object with symbol keys')
  for (const key of Object.keys(record)) {
    extent.addText(key)
    const problem = problemInField(record, key, depth, extent)
    if (problem !== undefined) return inside(problem, record, propertySegment(key))
  }
  return undefined
}

function problemInField(
  record: Fields,
  key: string,
  depth: number,
  extent: Extent,
): Problem | undefined {
  if (!isFieldName(key))
    return refuse('under a key that is refused: "__proto__" or a lone surrogate')
  const descriptor = Object.getOwnPropertyDescriptor(record, key)!
  if (descriptor.get !== undefined || descriptor.set !== undefined) return refuse('an accessor')
  return problemIn(descriptor.value, depth, extent)
}

function problemInArray(array: unknown[], depth: number, extent: Extent): Problem | undefined {
  extent.addContainer()
  for (let i = 0; i < array.length; i++) {
    const item = array[i]
    const hole = item === undefined && !Object.hasOwn(array, i)
    const problem = hole ? refuse('a hole in an array') : problemIn(item, depth, extent)
    if (problem !== undefined) return inside(problem, array, indexSegment(i))
  }
  return problemOfExtra(array, array.length)
}

function problemInMap(
  map: Map<unknown, unknown>,
  depth: number,
  extent: Extent,
): Problem | undefined {
  extent.addContainer()
  for (const [key, item] of map) {
    if (!isKey(key)) {
      return inside(refuse('no primitive, as a Map key must be'), map, memberSegment(key))
    }
    extent.addPrimitive(key)
    const problem = problemIn(item, depth, extent)
    if (problem !== undefined) return inside(problem, map, entrySegment(key))
  }
  return problemOfExtra(map, 0)
}

function problemInSet(set: Set<unknown>, extent: Extent): Problem | undefined {
  extent.addContainer()
  for (const member of set) {
    if (isKey(member)) {
      extent.addPrimitive(member)
      continue
    }
    return inside(refuse('no primitive, as a Set member must be'), set, memberSegment(member))
  }
  return problemOfExtra(set, 0)
}

/** What was hung on a container besides its elements would be lost. */
function problemOfExtra(container: object, elements: number): Problem | undefined {
  const name = extraName(container, elements)
  if (name === undefined) return undefined
  if (typeof name === 'symbol') return refuse('a container with symbol keys')
  return inside(refuse('a property beside the elements'), container, propertySegment(name))
}

/**
 * What a walk without a path threw, as an error that names the place.
 *
 * @param error {@link refused}, or what an object threw that does not let itself be looked at
 */
export function refusalOf(value: unknown, what: string, error: unknown): unknown {
  if (error instanceof TroupeError) return error
  try {
    assertEncodable(value, what)
  } catch (found) {
    return found
  }
  return error === refused ? notEncodable(what, 'changing while it is read', []) : error
}
