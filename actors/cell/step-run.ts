/**
 * Running one step of a durable turn (D2): answered from the record where there is one, else begun,
 * called, recorded as done, in that order.
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import { encodeValue } from '../../persistence/codec.ts'
import type { StoredRecord } from '../../persistence/stored.ts'
import type { StepInfo } from '../context.ts'
import { type Ask, defaultAskWithin } from './ask-table.ts'
import { awaitReply } from './asked-error.ts'
import type { Outcome } from './calls.ts'
import { decodeReply } from './decode-reply.ts'
import type { OutgoingCall } from './effect-choices.ts'
import { encodeError } from './error-data.ts'
import { sendAsk } from './outgoing.ts'
import { recoded } from './recoded.ts'
import { type Call, checkSend, compose, composeAsk, type Sender, traceOf } from './sending.ts'
import { type StagedMessage, stage } from './staged.ts'
import { askId, askLabel, askStep, inDoubt, type Step, type Steps } from './steps.ts'
import { settledPayload } from './validation.ts'

/** The store's side of the steps of one actor. */
export interface StepStore {
  /** Commits that a step is about to leave; resolves to the position of its record. */
  begin(turn: StepTurn, step: Step, message?: StagedMessage): Promise<number>
  /** Appends a step's outcome. */
  end(turn: StepTurn, step: Step, outcome: Outcome): void
  keepCall(turn: StepTurn, step: Step, outcome: Promise<Outcome>): void
  /** A call of this step that an undone turn left behind. */
  joinCall(turn: StepTurn, step: Step): Promise<Outcome> | undefined
}

/** The turn that makes the step. */
interface StepTurn extends Sender {
  readonly cell: { readonly stepLog: StepStore; waits(message: string): boolean }
  readonly steps: Steps
  readonly signal: AbortSignal
  stepSubject(): Envelope
  stepSettled(key: string): void
  share(value: unknown): void
  follow(ask: Ask): void
}

/** `ctx.effect` of a durable turn. */
export async function runEffect<T>(
  turn: StepTurn,
  name: string,
  input: unknown,
  fn: (step: StepInfo) => Promise<T> | T,
  idempotent: boolean,
): Promise<T> {
  turn.stepSubject()
  const step = turn.steps.next(name, input)
  if (step.done !== undefined) return (await recalled(turn, step)) as T
  const call = turn.cell.stepLog.joinCall(turn, step)
  if (call !== undefined) return (await settle(turn, step, call)) as T
  const other = insteadOf(turn, step, name, effectKind)
  if (step.begun && !idempotent && other === undefined) throw inDoubt(step)
  if (!step.begun) await turn.cell.stepLog.begin(turn, step)
  const waits = (message: string): boolean => turn.cell.waits(message)
  const info = { key: step.key, signal: turn.signal, waits }
  return (await leave(turn, step, async () => (other ? other() : fn(info)))) as T
}

/** An ask out of a durable turn: a step whose call is a message under the step's own id. */
export async function runAsk(
  turn: StepTurn,
  call: Call,
  chain: readonly string[],
): Promise<unknown> {
  turn.stepSubject()
  checkSend(call)
  const name = askStep(call.to.id, call.name)
  const { payload } = await settledPayload(call)
  const step = turn.steps.next(name, payload)
  if (step.done !== undefined) return await recalled(turn, step)
  const definition = turn.host.definition(call.to.type)
  const recorded = definition?.behavior.durable === true && !definition.reads.has(call.name)
  return recorded
    ? await askDurable(turn, step, call, payload, chain)
    : await askVolatile(turn, step, call, payload, chain)
}

/**
 * The question is part of the begun record, so it is asked even if this thread dies now; the answer
 * is found under the step's id, however often this turn is run again.
 */
async function askDurable(
  turn: StepTurn,
  step: Step,
  call: Call,
  payload: unknown,
  chain: readonly string[],
): Promise<unknown> {
  const { host } = turn
  const ask = host.asks.open(call.to.id, call.name, host.clock.mono(), deadlineOf(turn, call))
  turn.follow(ask)
  // It may fail before its question has left, when nobody waits for the answer yet.
  ask.promise.catch(() => undefined)
  if (call.options?.signal !== undefined) ask.abortWith(call.options.signal)
  // Its receiver knows the message by this id: a probe for cycles asks for it (T4).
  ask.ownId = step.begun ? askId(step) : askId(step, step.run + 1)
  if (!step.begun) {
    const options = { ...call.options, id: ask.ownId }
    const envelope = compose(turn, { ...call, options }, payload, { chain, asked: true }, ask)
    ask.a = await turn.cell.stepLog.begin(turn, step, stage(host, envelope))
    // The turn was aborted before its question had a name by which it could be taken back.
    if (turn.signal.aborted) host.asks.abandon(ask)
    // The question left in an earlier run, whose span was never told: this one waits for the same answer.
  } else traceOf(turn, call, ask)
  const outcome = step.answer ?? host.journal?.outcome(call.to.id, askId(step), true)
  Promise.resolve(outcome as StoredRecord | Promise<StoredRecord>).then(
    (record) => ask.settle(decodeReply(record)),
    (error) => ask.fail(error),
  )
  return await settle(turn, step, outcomeOf(awaitReply(ask)))
}

async function askVolatile(
  turn: StepTurn,
  step: Step,
  call: Call,
  payload: unknown,
  chain: readonly string[],
): Promise<unknown> {
  const joined = turn.cell.stepLog.joinCall(turn, step)
  if (joined !== undefined) return await settle(turn, step, joined)
  const isKept = turn.host.definition(call.to.type)?.behavior.durable === true
  const other = insteadOf(turn, step, askLabel(call.to.id, call.name), { isAsk: true, isKept })
  if (!step.begun) await turn.cell.stepLog.begin(turn, step)
  if (other !== undefined) return await leave(turn, step, async () => other())
  const { ask, envelope } = composeAsk(turn, call, recoded(payload), chain)
  turn.follow(ask)
  sendAsk(turn.host, ask, envelope)
  return await leave(turn, step, () => awaitReply(ask))
}

const effectKind = Object.freeze({ isAsk: false, isKept: false })

function insteadOf(
  turn: StepTurn,
  { inputHash }: Step,
  label: string,
  kind: Pick<OutgoingCall, 'isAsk' | 'isKept'>,
): (() => unknown) | undefined {
  return turn.host.effects?.instead({ actor: turn.from, label, inputHash, ...kind })
}

/** Makes the call, which belongs to the message and outlives a turn that is undone. */
function leave(turn: StepTurn, step: Step, call: () => Promise<unknown>): Promise<unknown> {
  const outcome = outcomeOf(call())
  turn.cell.stepLog.keepCall(turn, step, outcome)
  return settle(turn, step, outcome)
}

/** How a call ended, ready to be recorded; a result that cannot be is a failure. */
async function outcomeOf(call: Promise<unknown>): Promise<Outcome> {
  try {
    const value = recoded(await call, 'result of a step')
    return { ok: true, value, bytes: encodeValue(value) }
  } catch (error) {
    return { ok: false, error, bytes: encodeValue(encodeError(error)) }
  }
}

/** Appends the outcome, and only then lets the handler see it. */
async function settle(turn: StepTurn, step: Step, call: Promise<Outcome>): Promise<unknown> {
  const outcome = await call
  turn.cell.stepLog.end(turn, step, outcome)
  step.done = outcome.ok
    ? { failed: false, value: outcome.value }
    : { failed: true, value: outcome.error }
  return answered(turn, step)
}

/** A turn that is run again from its record sees its steps settle in the recorded order (R2). */
async function recalled(turn: StepTurn, step: Step): Promise<unknown> {
  await turn.host.script?.turnOf(step.key)
  return answered(turn, step)
}

/** The recorded outcome, as the handler saw it the first time. */
function answered(turn: StepTurn, step: Step): unknown {
  turn.stepSettled(step.key)
  turn.host.resumed(turn.stepSubject())
  const done = step.done as { readonly failed: boolean; readonly value: unknown }
  if (done.failed) throw done.value
  turn.share(done.value)
  return done.value
}

function deadlineOf(turn: StepTurn, call: Call): number {
  return turn.host.clock.mono() + (call.options?.within ?? defaultAskWithin)
}
