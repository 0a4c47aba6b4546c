/** What an actor answers, checked and made fit to leave it (T5). */
import type { Envelope } from '../../mailbox/envelope.ts'
import type { ActorDefinition } from '../actor.ts'
import { isPromise } from './invoke.ts'
import { recoded, recodedError } from './recoded.ts'
import { validate } from './validation.ts'

/** The actor that answers. */
interface Answering {
  readonly id: string
  readonly definition: ActorDefinition
  readonly host: { readonly development: boolean }
}

/** A reply after its schema, and in development mode after the codec; a promise if the schema is one. */
export function checkedReply(actor: Answering, { name }: Envelope, value: unknown): unknown {
  const { id, definition, host } = actor
  const schema = definition.contract.messages[name]?.output
  if (schema === undefined) return sendable(host, value)
  const valid = validate(`the reply of ${id} to "${name}"`, schema, value)
  return isPromise(valid) ? valid.then((settled) => sendable(host, settled)) : sendable(host, valid)
}

/** What leaves an actor, as it would arrive on another thread. */
export function sendable({ development }: Answering['host'], value: unknown): unknown {
  return development ? recoded(value) : value
}

/** Answers an ask with what its handler threw. */
export function answerError(
  { development }: Answering['host'],
  { header }: Envelope,
  error: unknown,
): void {
  header.reply?.settle({ ok: false, error: development ? recodedError(error) : error })
}
