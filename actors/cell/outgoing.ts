/**
 * Tells, and the sends that answer later of those whose messages leave at once: volatile turns and the
 * outside.
 */
import { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { Lane } from '../../mailbox/lane.ts'
import { refused, type TellOutcome } from '../../mailbox/outcome.ts'
import type { Ask } from './ask-table.ts'
import { awaitReply } from './asked-error.ts'
import type { CellHost } from './ports.ts'
import { recoded } from './recoded.ts'
import {
  type Call,
  checkSend,
  compose,
  composeAsk,
  composeDelivery,
  type Sender,
  sentBy,
} from './sending.ts'
import { isKept } from './staged.ts'
import { OpenStream, StreamItems } from './stream-items.ts'
import type { Departing } from './tracing.ts'
import { settledPayload, validPayloadNow } from './validation.ts'

/** The envelope of a tell; or why there is none, since a tell answers at once and throws for no payload. */
export function composeTell(sender: Sender, call: Call): Envelope | TellOutcome {
  const { options, spec, payload } = call
  if (options?.signal?.aborted) return aborted(options.signal)
  if (spec.input === undefined) return compose(sender, call, payload)
  try {
    return compose(sender, call, validPayloadNow(call))
  } catch (error) {
    if (!(error instanceof TroupeError) || error.code !== 'PAYLOAD_INVALID') throw error
    return refused('invalid-payload', error)
  }
}

/** Its caller had given up before it was sent. */
function aborted({ reason: cause }: AbortSignal): TellOutcome {
  return refused('cancelled', new TroupeError('CANCELLED', 'the signal is aborted', { cause }))
}

/**
 * Resolves when the message is acknowledged: in a mailbox, or for a durable actor in the store.
 *
 * @param follow told of the wait for room, so that a turn can abort it and look for cycles
 */
export async function deliverFrom(
  sender: Sender,
  call: Call,
  follow?: (wait: Ask) => void,
): Promise<void> {
  const { payload } = await settledPayload(call)
  const { host } = sender
  if (host.journal !== undefined && isKept(host, call.to.id, call.name)) {
    return await acceptFrom(sender, call, payload)
  }
  const { ask, envelope } = composeDelivery(sender, call, payload)
  follow?.(ask)
  sendAsk(host, ask, envelope)
  await awaitReply(ask)
}

/** Its span lasts until the store has it. */
async function acceptFrom(sender: Sender, call: Call, payload: unknown): Promise<void> {
  const departing: Departing = {}
  const envelope = compose(sender, call, payload, undefined, departing)
  try {
    await sender.host.accept(envelope)
    departing.span?.end()
  } catch (error) {
    departing.span?.end(error)
    throw error
  }
}

/** Opens a stream. */
export function streamFrom(
  sender: Sender,
  call: Call,
  chain: readonly string[] | undefined,
): OpenStream {
  checkSend(call)
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

/**
 * The envelope of a published message; receivers get copies of it.
 * @throws NOT_ENCODABLE in development mode
 */
export function publication(sender: Sender, topic: string, published: unknown): Envelope {
  const payload = sender.host.development ? recoded(published, `payload of "${topic}"`) : published
  const { host, from, causeA, causeB } = sender
  const span = host.tracing?.publishing(sender, topic, sender.trace)
  const trace = span === undefined ? sender.trace : sentBy(sender, span)
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
