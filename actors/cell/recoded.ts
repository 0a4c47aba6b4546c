/**
 * Development mode's courier (T5): every payload and reply goes through the codec and comes out
 * frozen, as if it had crossed threads, so that placement never changes behaviour.
 */
import { decodeValue, encodeValue } from '../../persistence/codec.ts'
import { copyEncodable } from '../../persistence/copy.ts'
import { deepFreeze } from '../../persistence/freeze.ts'
import { decodeError, encodeError } from './error-data.ts'

/**
 * @param what names the value in errors
 * @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE
 */
export function recoded(value: unknown, what?: string): unknown {
  return value === undefined ? undefined : deepFreeze(decodeValue(encodeValue(value, what)))
}

/**
 * A copy that shares nothing with a draft or a state: what a durable turn says may be a part of its
 * state, which goes on changing.
 * @param what names the value in errors
 * @throws NOT_ENCODABLE
 */
export function copied(value: unknown, what?: string): unknown {
  return typeof value === 'object' && value !== null ? copyEncodable(value, what) : value
}

/** An error as it would arrive on another thread: its class is gone, its code and causes are not. */
export function recodedError(error: unknown): Error {
  return decodeError(decodeValue(encodeValue(encodeError(error))))
}
