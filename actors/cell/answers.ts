/** What an actor answers, checked and made fit to leave it (T5). */
import type { Envelope } from '../../mailbox/envelope.ts'
import type { ActorDefinition } from '../actor.ts'
import { isPromise } from './invoke.ts'
import { recoded, recodedError } from './recoded.ts'
import { replyTo } from './reply-names.ts'
import { validate } from './validation.ts'

/** The actor that answers. */
interface Answering {
  readonly id: string
  readonly definition: ActorDefinition
  readonly host: { readonly development: boolean }
}

/** A reply after its schema, and in development mode after the codec; a promise if the schema is one. */
export function checkedReply(actor: Answering, envelope: Envelope, value: unknown): unknown {
  const { id, definition, host } = actor
  const schema = definition.contract.messages[envelope.name]?.output
  if (schema === undefined) return leaving(host, envelope, value)
  const valid = validate(`the reply of ${id} to "${envelope.name}"`, schema, value)
  return isPromise(valid)
    ? valid.then((settled) => leaving(host, envelope, settled))
    : leaving(host, envelope, valid)
}

function leaving({ development }: Answering['host'], envelope: Envelope, reply: unknown): unknown {
  return development ? recoded(reply, replyTo(envelope)) : reply
}

/** Answers an ask with what its handler threw. */
export function answerError(
  { development }: Answering['host'],
  { header }: Envelope,
  error: unknown,
): void {
  header.reply?.settle({ ok: false, error: development ? recodedError(error) : error })
}
