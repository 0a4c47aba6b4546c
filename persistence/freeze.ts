/**
 * Development mode's freeze (T5): makes a sent value immutable, as far as JavaScript can.
 *
 * `Object.freeze` stops writes to objects and arrays only. Map, Set and Date keep their content in
 * internal slots, so their mutators are shadowed on the instance. The elements of a typed array
 * cannot be protected at all: for those, development mode compares encodings instead.
 */

import { TroupeError } from '../mailbox/errors.ts'
import { type Fields, kindOf } from './kinds.ts'

/**
 * Freezes an encodable value in place, all the way down, and returns it.
 *
 * Later writes to objects and arrays throw the engine's TypeError; mutators of Map, Set and Date
 * throw PAYLOAD_IMMUTABLE. Typed arrays stay writable.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) freezeObject(value)
  return value
}

function freezeObject(value: object): void {
  switch (kindOf(value)) {
    case 'record':
      for (const key of Object.keys(value)) deepFreeze((value as Fields)[key])
      break
    case 'array':
      for (const item of value as unknown[]) deepFreeze(item)
      break
    case 'map':
      for (const item of (value as Map<unknown, unknown>).values()) deepFreeze(item)
      shadow(value, ['set', 'delete', 'clear'])
      break
    case 'set':
      shadow(value, ['add', 'delete', 'clear'])
      break
    case 'date':
      shadow(value, dateSetters)
      break
    case 'bytes':
    case 'secret':
    case undefined:
      return
  }
  Object.freeze(value)
}

/** Every `set...` method of Date; annex B's `setYear` included. */
export const dateSetters: readonly string[] = Object.getOwnPropertyNames(Date.prototype).filter(
  (name) => name.startsWith('set'),
)

function shadow(value: object, names: readonly string[]): void {
  if (Object.isFrozen(value)) return
  for (const name of names) Object.defineProperty(value, name, { value: refuseWrite })
}

function refuseWrite(): never {
  throw new TroupeError(
    'PAYLOAD_IMMUTABLE',
    'Expected no write to a value that was sent; it is shared with its receiver. Copy it first.',
  )
}
