/**
 * A place inside a state as it is typed and as `path.ts` spells it: `entries[3].amount`,
 * `index.get("a")`, `["odd name"]`, `tags{"x"}`.
 */
import { TroupeError } from '../../mailbox/errors.ts'

type Step =
  | { readonly kind: 'property'; readonly key: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'entry'; readonly key: unknown }
  | { readonly kind: 'member'; readonly key: unknown }

export type PlacePath = readonly Step[]

const token =
  /\.get\(((?:"(?:[^"\\]|\\.)*")|[^")]+)\)|\{((?:"(?:[^"\\]|\\.)*")|[^"}]+)\}|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.?([\p{L}_$][\p{L}\p{N}_$]*)/uy

/** @throws OPTION_INVALID naming the character that cannot be read */
export function parsePlace(path: string): PlacePath {
  const steps: Step[] = []
  // A copy of its own: a sticky expression remembers where it was.
  const reading = new RegExp(token)
  while (reading.lastIndex < path.length) {
    const at = reading.lastIndex
    const match = reading.exec(path)
    if (match === null) throw unreadable(path, at)
    steps.push(stepOf(match, path, at))
  }
  return steps
}

function stepOf(match: RegExpExecArray, path: string, at: number): Step {
  const [, entry, member, index, quoted, name] = match
  if (entry !== undefined) return { kind: 'entry', key: keyOf(entry, path, at) }
  if (member !== undefined) return { kind: 'member', key: keyOf(member, path, at) }
  if (index !== undefined) return { kind: 'index', index: Number(index) }
  if (quoted !== undefined) return { kind: 'property', key: keyOf(quoted, path, at) as string }
  return { kind: 'property', key: name as string }
}

function keyOf(text: string, path: string, at: number): unknown {
  if (text === 'undefined') return undefined
  if (/^-?\d+n$/.test(text)) return BigInt(text.slice(0, -1))
  if (text === 'NaN') return Number.NaN
  try {
    return JSON.parse(text)
  } catch {
    throw unreadable(path, at)
  }
}

function unreadable(path: string, at: number): TroupeError {
  return new TroupeError(
    'OPTION_INVALID',
    `the place ${JSON.stringify(path)} cannot be read from character ${at + 1} on; places look like entries[3].amount, index.get("key") or ["odd name"]`,
  )
}

/** What stands at a place; undefined where there is no such place. */
export function valueAt(value: unknown, place: PlacePath): unknown {
  let at = value
  for (const step of place) at = below(at, step)
  return at
}

function below(value: unknown, step: Step): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  switch (step.kind) {
    case 'property':
      return Object.hasOwn(value, step.key) && !(value instanceof Map)
        ? (value as Record<string, unknown>)[step.key]
        : undefined
    case 'index':
      return Array.isArray(value) ? value[step.index] : undefined
    case 'entry':
      return value instanceof Map ? value.get(step.key) : undefined
    case 'member':
      return value instanceof Set ? value.has(step.key) : undefined
    default:
      return step satisfies never
  }
}

/**
 * Whether a patch that changes `paths` may change `path`. An element that is inserted moves those
 * behind it, so paths are compared up to their first index.
 */
export function mayTouch(paths: readonly string[], path: string): boolean {
  const wanted = head(path)
  return paths.some((one) => {
    const changed = head(one)
    return wanted.startsWith(changed) || changed.startsWith(wanted)
  })
}

function head(path: string): string {
  const index = path.search(/\[\d/)
  return index < 0 ? path : path.slice(0, index)
}
