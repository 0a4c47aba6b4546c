/** The error of T5 for a value that the codec does not carry: what it is, and where. */
import { TroupeError } from '../mailbox/errors.ts'
import { cutPath, joinPath } from './path.ts'

/** Most characters of a path in a message: the reason stands behind it and must be seen. */
export const shownPath = 100
/** Most characters of `fields.path`. */
const keptPath = 2_000

/**
 * The error of T5, for whoever found the place. Segments outermost first; a long path is cut in its
 * middle.
 */
export function notEncodable(
  what: string,
  why: string,
  segments: readonly string[],
  cause?: unknown,
): TroupeError {
  const path = joinPath(segments)
  const where = path === '' ? what : `${what}: ${cutPath(path, shownPath)}`
  return new TroupeError(
    'NOT_ENCODABLE',
    `${where} is ${why}; expected plain data (objects, arrays, Map, Set, Date, typed arrays and primitives)`,
    { fields: { path: cutPath(path, keptPath), why }, ...(cause !== undefined && { cause }) },
  )
}
