/**
 * From a ref's call to an envelope: options checked, header filled. Shared by turns and by the outside,
 * which differ only in who sends and where the envelope goes next.
 */
import { Envelope, type Header } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { Lane, type LaneNumber, laneOfPriority } from '../../mailbox/lane.ts'
import { checkOwnId } from '../../mailbox/message-id.ts'
import { aDuration, anInteger, aSignal, aText, checkOptions, oneOf } from '../../mailbox/options.ts'
import type { AnyMessage } from '../message.ts'
import type { MessageOptions, Target } from '../ref.ts'
import type { OpenSpan } from '../span.ts'
import { type Ask, defaultAskWithin } from './ask-table.ts'
import type { CellHost } from './ports.ts'
import type { Departing } from './tracing.ts'

/** Who sends: a turn, or the outside. */
export interface Sender {
  readonly host: CellHost
  /** `type/key`, or empty from outside. */
  readonly from: string
  readonly causeA: number
  readonly causeB: number
  readonly trace: string | undefined
  /** What it sends may be the start of a trace. */
  readonly beginsTraces?: boolean
  /** Where what is said leaves later or not at all: keeps the span of a send until then. */
  departs?(span: OpenSpan): void
}

/** One call on a ref. */
export interface Call {
  readonly to: Target
  readonly name: string
  readonly spec: AnyMessage
  readonly payload: unknown
  readonly options: MessageOptions | undefined
}

const optionChecks = {
  lane: oneOf('control', 'high', 'normal', 'low'),
  priority: anInteger(Number.MIN_SAFE_INTEGER),
  within: aDuration,
  signal: aSignal,
  id: aText,
  trace: aText,
}

/**
 * Makes the envelope of a call whose payload is already valid.
 * @param departing gets the span of the send, when that ends later
 */
export function compose(
  sender: Sender,
  call: Call,
  payload: unknown,
  extra?: Header,
  departing?: Departing,
): Envelope {
  const { host } = sender
  const { options } = call
  checkSend(call)
  return new Envelope(
    call.to.id,
    sender.from,
    call.name,
    payload,
    laneOf(options),
    host.origin,
    host.nextSeq(),
    sender.causeA,
    sender.causeB,
    headerOf(sender, options, traceOf(sender, call, departing), extra),
  )
}

/** The same for a tell with no options where nothing is traced, as most are. */
export function composePlain(sender: Sender, to: string, name: string, payload: unknown): Envelope {
  const { host, trace } = sender
  return new Envelope(
    to,
    sender.from,
    name,
    payload,
    Lane.normal,
    host.origin,
    host.nextSeq(),
    sender.causeA,
    sender.causeB,
    trace === undefined ? undefined : { trace },
  )
}

/** @throws OPTION_INVALID */
export function checkSend({ options }: Call): void {
  if (options === undefined) return
  checkOptions('message options', options, optionChecks)
  if (options.id !== undefined) checkOwnId(options.id)
  if (options.lane !== undefined && options.priority !== undefined) {
    throw new TroupeError(
      'OPTION_INVALID',
      'message options: give "lane" or "priority", not both: a priority is mapped to a lane',
    )
  }
}

function laneOf(options: MessageOptions | undefined): LaneNumber {
  if (options?.lane !== undefined) return Lane[options.lane]
  return options?.priority === undefined ? Lane.normal : Lane[laneOfPriority(options.priority)]
}

/** Undefined where there is nothing to say, so that small tells share one empty header. */
function headerOf(
  sender: Sender,
  options: MessageOptions | undefined,
  trace: string | undefined,
  extra: Header | undefined,
): Header | undefined {
  if (options === undefined && trace === undefined) return extra
  return {
    ...extra,
    ...(options?.within === undefined
      ? undefined
      : { deadline: sender.host.clock.mono() + options.within }),
    ...(options?.signal === undefined ? undefined : { signal: options.signal }),
    ...(options?.id === undefined ? undefined : { ownId: options.id }),
    ...(trace === undefined ? undefined : { trace }),
  }
}

/** What the message carries of its trace: its own send, where that is recorded. */
export function traceOf(sender: Sender, call: Call, departing?: Departing): string | undefined {
  const trace = call.options?.trace ?? sender.trace
  if (sender.host.tracing !== undefined) return sendOf(sender, call, trace, departing)
  return trace
}

function sendOf(
  sender: Sender,
  { to, name }: Call,
  trace: string | undefined,
  departing: Departing | undefined,
): string | undefined {
  const span = sender.host.tracing?.sending(sender, to.id, name, trace, departing?.ownId)
  return span === undefined ? trace : sentBy(sender, span, departing)
}

/** Ends the span of a send now, or has it ended by whoever knows when. */
export function sentBy(sender: Sender, span: OpenSpan, departing?: Departing): string {
  if (departing !== undefined) departing.span = span
  else if (sender.departs !== undefined) sender.departs(span)
  else span.end()
  return span.traceparent
}

/** Opens an ask and the envelope that carries its reply sink. */
export function composeAsk(
  sender: Sender,
  call: Call,
  payload: unknown,
  chain: readonly string[] | undefined,
): { readonly ask: Ask; readonly envelope: Envelope } {
  const ask = openAsk(sender, call)
  return { ask, envelope: address(ask, sender, call, payload, replyHeader(ask, chain)) }
}

/**
 * Opens the wait for room that a delivery may meet, and the envelope that carries it. Without a
 * `within` the message itself never expires; only the wait is bounded.
 */
export function composeDelivery(
  sender: Sender,
  call: Call,
  payload: unknown,
): { readonly ask: Ask; readonly envelope: Envelope } {
  const ask = openAsk(sender, call)
  ask.verb = 'deliver'
  return { ask, envelope: address(ask, sender, call, payload, { accepted: ask }) }
}

/** The same for an ask that the store accepts first: its reply comes from there, under its own id. */
export function composeStored(
  sender: Sender,
  call: Call,
  payload: unknown,
  chain: readonly string[] | undefined,
): { readonly ask: Ask; readonly envelope: Envelope } {
  const ask = openAsk(sender, call)
  ask.isStored = true
  const asked = chain === undefined ? { asked: true } : { asked: true, chain }
  const envelope = address(ask, sender, call, payload, asked)
  // Its identity is the one that its record gives it.
  ask.a = 0
  ask.b = 0
  return { ask, envelope }
}

function openAsk({ host }: Sender, call: Call): Ask {
  const { to, name, options } = call
  checkSend(call)
  const now = host.clock.mono()
  return host.asks.open(to.id, name, now, now + (options?.within ?? defaultAskWithin))
}

/** The envelope of an open ask, each knowing the other. */
function address(ask: Ask, sender: Sender, call: Call, payload: unknown, header: Header): Envelope {
  const envelope = compose(sender, call, payload, header, ask)
  ask.a = envelope.a
  ask.b = envelope.b
  ask.ownId = envelope.header.ownId
  if (call.options?.signal !== undefined) ask.abortWith(call.options.signal)
  return envelope
}

function replyHeader(reply: Ask, chain: readonly string[] | undefined): Header {
  const { deadline } = reply
  return chain === undefined ? { reply, deadline } : { reply, deadline, chain }
}
