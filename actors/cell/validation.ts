/** Values and the schemas that contracts give for them (Standard Schema). */
import { types } from 'node:util'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { TroupeError } from '../../mailbox/errors.ts'
import { notEncodable } from '../../persistence/not-encodable.ts'
import type { ActorDefinition } from '../actor.ts'
import type { Call } from './sending.ts'

/**
 * Checks a payload or a reply against its schema, which may transform it.
 * @throws PAYLOAD_INVALID with `fields.issues`
 */
export function validate(
  what: string,
  schema: StandardSchemaV1,
  value: unknown,
): unknown | Promise<unknown> {
  const result = schema['~standard'].validate(value)
  return result instanceof Promise
    ? result.then((settled) => accepted(what, settled))
    : accepted(what, result)
}

function accepted(what: string, result: StandardSchemaV1.Result<unknown>): unknown {
  if (result.issues === undefined) return result.value
  const issues = result.issues.map((issue) => ({
    message: issue.message,
    path: (issue.path ?? [])
      .map((part) => String(typeof part === 'object' ? part.key : part))
      .join('.'),
  }))
  const list = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
  throw new TroupeError('PAYLOAD_INVALID', `${what} does not fit its schema: ${list.join('; ')}`, {
    fields: { issues },
  })
}

/**
 * The payload after its schema, where it has one.
 * @throws NOT_ENCODABLE for a promise
 */
export function validPayload(call: Call): unknown | Promise<unknown> {
  // Awaiting it here would hide that its sender forgot to.
  if (types.isPromise(call.payload)) throw unawaited(call)
  return call.spec.input === undefined
    ? call.payload
    : validate(`the payload of "${call.name}" to ${call.to.id}`, call.spec.input, call.payload)
}

/** {@link validPayload} for who can wait. It waits for the schema alone: a payload may have a `then`. */
export async function settledPayload(call: Call): Promise<{ readonly payload: unknown }> {
  const valid = validPayload(call)
  return { payload: types.isPromise(valid) ? await valid : valid }
}

function unawaited({ name }: Call): TroupeError {
  return notEncodable(`payload of "${name}"`, 'a Promise: await it before you send it', [])
}

/** The payload for a call that answers at once. */
export function validPayloadNow(call: Call): unknown {
  // What it is, is looked at where it is sent: a tell answers `refused` and does not throw.
  if (call.spec.input === undefined) return call.payload
  return now(validPayload(call), call.name, 'use ask or deliver instead of tell')
}

/**
 * What the ticks of a timer will carry: it is checked when the timer is set, by whom it can tell.
 * @throws PAYLOAD_INVALID with `fields.issues`
 */
export function validTimerPayload(
  { contract }: ActorDefinition,
  timer: string,
  name: string,
  payload: unknown,
): unknown {
  const schema = contract.messages[name]?.input
  if (schema === undefined) return payload
  const valid = validate(`the payload of timer "${timer}", for "${name}",`, schema, payload)
  return now(valid, name, 'a timer needs a payload that is known to fit when it is set')
}

/** @throws PAYLOAD_INVALID when a schema has not answered yet */
function now(valid: unknown, name: string, instead: string): unknown {
  if (!types.isPromise(valid)) return valid
  valid.catch(() => undefined)
  throw new TroupeError('PAYLOAD_INVALID', `the schema of "${name}" is asynchronous: ${instead}`)
}
