/** The message in hand as its handler sees it. */
import type { Address } from '../../mailbox/address.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { laneNames } from '../../mailbox/lane.ts'
import type { MessageInfo } from '../context.ts'

export function messageInfo(envelope: Envelope, attempt: number): MessageInfo {
  const { id, name, lane, header } = envelope
  return {
    id,
    name,
    lane: laneNames[lane] ?? 'normal',
    from: senderOf(envelope),
    attempt,
    trace: header.trace,
    topic: header.topic,
    tick: header.tick,
  }
}

/** A start hook has none. */
export function startInfo(id: string, attempt: number): MessageInfo {
  return {
    id,
    name: '$start',
    lane: 'system',
    from: undefined,
    attempt,
    trace: undefined,
    topic: undefined,
    tick: undefined,
  }
}

/** Undefined for a message from outside. */
export function senderOf({ from }: Envelope): Address | undefined {
  const slash = from.indexOf('/')
  return slash < 0 ? undefined : { type: from.slice(0, slash), key: from.slice(slash + 1) }
}
