/** What errors call that which an actor answers with (T5). */
import { typeOf } from '../../mailbox/address.ts'
import type { Envelope } from '../../mailbox/envelope.ts'

type Asked = Pick<Envelope, 'to' | 'name'>

export function replyTo({ to, name }: Asked): string {
  return `reply of ${typeOf(to)}.${name}`
}

export function itemOf({ to, name }: Asked): string {
  return `stream item of ${typeOf(to)}.${name}`
}
