/**
 * The address of an actor: `type/key`. Serialisable, comparable by its text, and enough to find the
 * slot where the actor lives.
 */
import { shown, TroupeError } from './errors.ts'

/** Longest actor type, in characters. */
export const maxTypeLength = 128
/** Longest actor key, in characters. */
export const maxKeyLength = 512

const typePattern = /^[A-Za-z][A-Za-z0-9_.-]*$/
const forbiddenInKey = /\p{Cc}/u

/** Where an actor is found: its type and its key. Plain data, safe in any payload or state. */
export interface Address {
  readonly type: string
  readonly key: string
}

/** `type/key`, the form in records, logs and on the command line. */
export function formatAddress(address: Address): string {
  return `${address.type}/${address.key}`
}

/**
 * The text of an address that came from user code.
 *
 * @param what names the call in the message, for example `watch`
 * @throws ADDRESS_INVALID
 */
export function addressText(what: string, given: unknown): string {
  if (typeof given !== 'object' || given === null || !('type' in given) || !('key' in given)) {
    throw new TroupeError(
      'ADDRESS_INVALID',
      `${what}: expected a ref or an address { type, key }, got ${shown(given)}`,
    )
  }
  checkType(given.type)
  checkKey(given.key)
  return `${given.type}/${given.key}`
}

/**
 * Reads `type/key`; the key may hold further slashes.
 * @throws ADDRESS_INVALID
 */
export function parseAddress(text: string): Address {
  const slash = text.indexOf('/')
  if (slash < 0) {
    throw new TroupeError('ADDRESS_INVALID', `expected "type/key", got ${shown(text)}`)
  }
  const address = { type: text.slice(0, slash), key: text.slice(slash + 1) }
  checkType(address.type)
  checkKey(address.key)
  return address
}

/** Actor type of an address in text. */
export function typeOf(address: string): string {
  return address.slice(0, address.indexOf('/'))
}

/** @throws ADDRESS_INVALID unless `type` is a letter followed by letters, digits, `_`, `.`, `-` */
export function checkType(type: unknown): asserts type is string {
  if (typeof type === 'string' && type.length <= maxTypeLength && typePattern.test(type)) return
  throw new TroupeError(
    'ADDRESS_INVALID',
    `an actor type is a letter followed by letters, digits, "_", "." or "-", at most ${maxTypeLength} characters; got ${shown(type)}`,
  )
}

/** @throws ADDRESS_INVALID unless `key` is a non-empty string without control characters */
export function checkKey(key: unknown): asserts key is string {
  if (
    typeof key === 'string' &&
    key.length > 0 &&
    key.length <= maxKeyLength &&
    !forbiddenInKey.test(key) &&
    key.isWellFormed()
  ) {
    return
  }
  throw new TroupeError(
    'ADDRESS_INVALID',
    `an actor key is a string of 1 to ${maxKeyLength} characters without control characters; got ${shown(key)}`,
  )
}

/** FNV-1a over the text form. Stable for ever: it decides which slot an address belongs to. */
export function hashAddress(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) {
    hash ^= text.charCodeAt(i)
    hash = Math.imul(hash, 0x01000193)
  }
  return hash >>> 0
}
