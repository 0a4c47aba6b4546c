/**
 * One tool call, from what the model wrote to what it is told. Whatever goes wrong with it is an
 * answer to the model, an abort too; only what is wrong with the turn itself is thrown.
 *
 * Invariants
 * 1. Nothing runs before the input has passed the tool's schema.
 * 2. A completed call is never made again: a failure of the tool is its result, and recorded (D2).
 * 3. A call in doubt is not made again either: the model is told so.
 */
import { type Clock, SystemClock } from '../../../mailbox/clock.ts'
import { type ErrorCode, TroupeError } from '../../../mailbox/errors.ts'
import { validate } from '../../cell/validation.ts'
import type { Context } from '../../context.ts'
import type { Meter } from '../../meter.ts'
import type { Span } from '../../span.ts'
import type { Json, ToolCallPart, ToolResultPart } from '../parts.ts'
import type { Tool, ToolCall, ToolTurn } from './tool.ts'
import { spannedCall } from './tool-span.ts'
import type { Toolbox } from './toolbox.ts'

/** The agent's turn. */
export interface ToolDesk<Deps = unknown>
  extends Pick<Context, 'effect' | 'message'>,
    Omit<ToolTurn<Deps>, 'ref'> {
  /** Told how long a tool took. */
  readonly meter?: Meter | undefined
  /** A ref that sends from the turn, from within a span of it. */
  readonly ref: Context['ref']
  /** Of what the agent does with its message. */
  readonly span?: Span | undefined
}

/** A call that is known and fits: ready to run, or to be allowed. */
export interface CheckedCall<Deps = unknown> {
  readonly call: ToolCallPart
  readonly tool: Tool<Deps>
  /** As the schema made it. */
  readonly input: unknown
  readonly needsApproval: boolean
}

/** A call with its tool, or what the model is told because there is none or it does not fit. */
export async function checkCall<Deps>(
  tools: Toolbox<Deps>,
  call: ToolCallPart,
): Promise<CheckedCall<Deps> | ToolResultPart> {
  const tool = tools.get(call.name)
  if (tool === undefined) return failedResult(call, unknownTool(call.name, tools.names))
  if (call.malformed !== undefined) return failedResult(call, malformed(call.malformed))
  try {
    const input = await validate(`the input of tool "${call.name}"`, tool.input, call.input)
    const { approval } = tool
    return {
      call,
      tool,
      input,
      needsApproval: approval !== undefined && (approval.when?.(input) ?? true),
    }
  } catch (error) {
    return failedResult(call, told(error))
  }
}

/**
 * Runs it.
 * @throws STEP_CHANGED, CTX_REVOKED, STORE_STALLED, ACTOR_STOPPED: the turn is wrong or over
 */
export async function runTool<Deps>(
  desk: ToolDesk<Deps>,
  { call, tool, input }: CheckedCall<Deps>,
  clock: Clock = new SystemClock(),
): Promise<ToolResultPart> {
  try {
    return tool.work.kind === 'execute'
      ? await executed(desk, tool, tool.work.run, call, input, clock)
      : await asked(desk, tool, tool.work.run, call, input)
  } catch (error) {
    if (isOfTurn(error)) throw error
    return failedResult(call, told(error))
  }
}

/** What its asks send is part of its span. */
function asked<Deps>(
  desk: ToolDesk<Deps>,
  tool: Tool<Deps>,
  run: (input: unknown, turn: ToolTurn<Deps>, call: ToolCallPart) => unknown,
  call: ToolCallPart,
  input: unknown,
): Promise<ToolResultPart> {
  return spannedCall(desk.span, call, async (span) => {
    const ref: ToolTurn['ref'] = (contract, key) => desk.ref(contract, key, span)
    const turn = span === undefined ? desk : Object.create(desk, { ref: { value: ref } })
    return await resultOf(tool, call, await run(input, turn, call))
  })
}

/** The turn itself is wrong or over; no model can mend that. */
const isOfTurn = (error: unknown): boolean =>
  error instanceof TroupeError && ofTurn.includes(error.code)

const ofTurn: readonly ErrorCode[] = [
  'ACTOR_STOPPED',
  'CTX_REVOKED',
  'STEP_CHANGED',
  'STORE_STALLED',
]

/** The actor is being stopped, and its message is not over: nothing is recorded as an answer. */
export const isStop = (reason: unknown): boolean =>
  reason instanceof TroupeError && reason.code === 'ACTOR_STOPPED'

/** One step; its failure is its result, so that a retry of the turn does not make the call again. */
function executed<Deps>(
  desk: ToolDesk<Deps>,
  tool: Tool<Deps>,
  run: (input: unknown, call: ToolCall<Deps>) => unknown,
  call: ToolCallPart,
  input: unknown,
  clock: Clock,
): Promise<ToolResultPart> {
  const { message, self } = desk
  const agent = { type: self.type, key: self.key }
  return desk.effect(
    `tool ${tool.spec.name}`,
    call.input,
    ({ key, signal }) =>
      spannedCall(desk.span, call, async (span) => {
        const deadline = new Deadline(clock, tool, signal)
        const start = clock.mono()
        const took = (error: string): void => {
          desk.meter?.observe(duration, (clock.mono() - start) / 1_000, tool.spec.name, error)
        }
        try {
          const { deps } = desk
          const { lane } = message
          const facts = { key, signal: deadline.signal, deps, agent, lane, span }
          const result = await deadline.race(async () => run(input, facts))
          const answer = await resultOf(tool, call, result)
          took('')
          return answer
        } catch (error) {
          const failure = told(error)
          took(failure.code)
          if (isStop(signal.reason)) throw signal.reason
          return failedResult(call, failure)
        } finally {
          deadline.end()
        }
      }),
    { idempotent: tool.idempotent(input) },
  )
}

const duration = 'gen_ai_execute_tool_duration_seconds'

/** Ends the wait for a tool, whether or not it heeds its signal. */
class Deadline {
  readonly #controller = new AbortController()
  readonly #turn: AbortSignal
  readonly #cancel: () => void
  readonly #stop = (): void => this.#controller.abort(this.#turn.reason)

  constructor(clock: Clock, { timeout, spec }: Tool<never>, turn: AbortSignal) {
    this.#turn = turn
    turn.addEventListener('abort', this.#stop, { once: true })
    const late = (): void => this.#controller.abort(timedOut(spec.name, timeout))
    this.#cancel = clock.alarm(clock.mono() + timeout, late)
    if (turn.aborted) this.#stop()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  race<T>(work: () => Promise<T>): Promise<T> {
    const { signal } = this
    signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      work().then(resolve, reject)
    })
  }

  end(): void {
    this.#cancel()
    this.#turn.removeEventListener('abort', this.#stop)
  }
}

async function resultOf(
  { spec, output, maxOutput }: Tool<never>,
  call: ToolCallPart,
  result: unknown,
): Promise<ToolResultPart> {
  const promised =
    output === undefined
      ? result
      : await validate(`the result of tool "${spec.name}"`, output, result)
  const text = JSON.stringify(promised) ?? 'null'
  const bytes = Buffer.byteLength(text)
  if (bytes > maxOutput) throw tooLong(spec.name, bytes, maxOutput)
  return { type: 'tool-result', call: call.id, name: call.name, output: JSON.parse(text) as Json }
}

/** What the model is told instead of a result. */
export function failedResult(call: ToolCallPart, error: ToolError): ToolResultPart {
  const output = { error: error.code, message: error.message }
  return { type: 'tool-result', call: call.id, name: call.name, output, failed: true }
}

export interface ToolError {
  readonly code: ErrorCode
  readonly message: string
}

const toolFailed: ErrorCode = 'TOOL_FAILED'

/** Enough to do better; stacks and causes are for the log. */
function told(error: unknown): ToolError {
  const code =
    error instanceof TroupeError && error.code !== 'ACTOR_FAILED' ? error.code : toolFailed
  const said = error instanceof Error ? error.message : String(error)
  if (code === 'IN_DOUBT') return { code, message: inDoubt }
  return { code, message: said.length > 2_000 ? `${said.slice(0, 2_000)}...` : said }
}

const inDoubt =
  'The call began and was cut off: whether it took effect is not known. Find out before it is made again.'

const unknownTool = (name: string, known: readonly string[]): ToolError => ({
  code: 'TOOL_MISSING',
  message: `There is no tool "${name.slice(0, 64)}". There are: ${known.join(', ') || 'none'}.`,
})

const malformed = (written: string): ToolError => ({
  code: 'PAYLOAD_INVALID',
  message: `The input is not a JSON object: ${written.slice(0, 200)}`,
})

const timedOut = (name: string, timeout: number): TroupeError =>
  new TroupeError('TOOL_TIMEOUT', `Tool "${name}" did not answer within ${timeout} ms.`)

const tooLong = (name: string, bytes: number, most: number): TroupeError =>
  new TroupeError(
    'TOOL_OUTPUT_TOO_LARGE',
    `The result of tool "${name}" has ${bytes} bytes, and ${most} are let through: ask for less.`,
  )
