/**
 * Sends that answer later, for senders whose messages leave at once: volatile turns and the outside.
 */
import { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { Lane } from '../../mailbox/lane.ts'
import type { Settled } from '../../mailbox/outcome.ts'
import type { ReplyStream } from '../ref.ts'
import type { Ask } from './ask-table.ts'
import type { CellHost } from './ports.ts'
import {
  awaitReply,
  type Call,
  compose,
  composeAsk,
  type Sender,
  validPayload,
  validPayloadNow,
} from './sending.ts'
import { OpenStream, StreamItems } from './stream-items.ts'

/** Resolves when the message is acknowledged: in a mailbox, or for a durable actor in the store. */
export async function deliverFrom(sender: Sender, call: Call): Promise<void> {
  const payload = await validPayload(call)
  const { host } = sender
  if (host.definition(call.to.type)?.behavior.durable && host.journal !== undefined) {
    await host.accept(compose(sender, call, payload))
    return
  }
  await new Promise<void>((resolve, reject) => {
    const settle = (result: Settled): void => (result.ok ? resolve() : reject(result.error))
    const envelope = compose(sender, call, payload, { accepted: { settle } })
    const outcome = host.route(envelope)
    if (outcome.status === 'refused') reject(outcome.error)
    if (outcome.status === 'full') {
      reject(new TroupeError('MAILBOX_FULL', `the link to ${call.to.id} has no room`))
    }
  })
}

/** Opens a stream. */
export function streamFrom(
  sender: Sender,
  call: Call,
  chain: readonly string[] | undefined,
): ReplyStream<unknown, unknown> {
  const within = call.options?.within ?? Number.POSITIVE_INFINITY
  const patient = { ...call, options: { ...call.options, within } }
  const { ask, envelope } = composeAsk(sender, patient, validPayloadNow(call), chain)
  const items = new StreamItems()
  ask.items = items
  sendAsk(sender.host, ask, envelope)
  return new OpenStream(ask, items, awaitReply(ask), () => sender.host.asks.abandon(ask))
}

/** Puts an ask on its way; when there is no way, the ask fails at once. */
export function sendAsk(host: CellHost, ask: Ask, envelope: Envelope): void {
  if (ask.settled) return
  const outcome = host.route(envelope)
  if (outcome.status === 'refused') ask.fail(outcome.error)
  else if (outcome.status === 'full') {
    ask.fail(
      new TroupeError('MAILBOX_FULL', `${envelope.to} has no room; slow down or retry later`),
    )
  }
}

/** The envelope of a published message; receivers get copies of it. */
export function publication(sender: Sender, topic: string, payload: unknown): Envelope {
  const { host, from, causeA, causeB, trace } = sender
  const header = trace === undefined ? { topic } : { topic, trace }
  const seq = host.nextSeq()
  return new Envelope('', from, '', payload, Lane.normal, host.origin, seq, causeA, causeB, header)
}

export function missing(type: string): TroupeError {
  return new TroupeError(
    'DEFINITION_MISSING',
    `no actor of type "${type}" is in the app; add its definition to app(..., { actors: [...] })`,
  )
}
