/** The answer in the record that consumed an ask. */
import type { Settled } from '../../mailbox/outcome.ts'
import { decodeValue } from '../../persistence/codec.ts'
import { PartKind } from '../../persistence/record.ts'
import type { StoredRecord } from '../../persistence/stored.ts'
import { decodeError } from './error-data.ts'

export function decodeReply(record: StoredRecord): Settled {
  const reply = record.parts.find((part) => part.kind === PartKind.reply)
  if (reply?.kind === PartKind.reply) {
    const value = decodeValue(reply.value)
    return reply.failed ? { ok: false, error: decodeError(value) } : { ok: true, value }
  }
  if (record.error !== undefined) {
    return { ok: false, error: decodeError(decodeValue(record.error)) }
  }
  return { ok: true, value: undefined }
}
