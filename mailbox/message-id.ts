/**
 * Identity of a message, in three forms that never meet:
 *
 * - born in a committed record: `(position, index)`, text `@p1042.0`
 * - only ever in memory: `(-origin, seq)`, text `@v3.17`; an origin belongs to one thread incarnation
 * - the caller's own id: any other text, de-duplicated with its reply for 24 h
 */
import { shown, TroupeError } from './errors.ts'

/** Text form of a message id. */
export type MessageId = string

/** Longest own id, in characters. */
export const maxOwnIdLength = 256

/** Text of the id pair carried by envelopes and records. */
export function formatMessageId(a: number, b: number): MessageId {
  return a > 0 ? `@p${a}.${b}` : `@v${-a}.${b}`
}

// One text per identity: no leading zeros, and no number that a double would round.
const pattern = /^@([pv])(0|[1-9]\d*)\.(0|[1-9]\d*)$/

/** The pair behind a runtime-made id, or undefined for an own id. */
export function parseMessageId(id: MessageId): { a: number; b: number } | undefined {
  const match = pattern.exec(id)
  if (match === null) return undefined
  const [a, b] = [Number(match[2]), Number(match[3])]
  if (!Number.isSafeInteger(a) || !Number.isSafeInteger(b)) return undefined
  if (match[1] === 'v') return { a: 0 - a, b }
  return a > 0 ? { a, b } : undefined
}

/** @throws OPTION_INVALID unless `id` can serve as a caller's own message id */
export function checkOwnId(id: unknown): asserts id is string {
  const fits = typeof id === 'string' && id.length > 0 && id.length <= maxOwnIdLength
  if (fits && !id.startsWith('@') && id.isWellFormed()) return
  throw new TroupeError(
    'OPTION_INVALID',
    `id: expected a text of 1 to ${maxOwnIdLength} characters not starting with "@", got ${shown(id)}`,
  )
}
