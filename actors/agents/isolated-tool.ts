/**
 * A tool that burns the processor, on a thread of its own: however long it computes, the agents' hosts go on.
 *
 *   agent's host ──ask──► actor `tool-NAME` on its isolated host: checks the input, runs it as a step
 *
 * The ask is a step of the agent's turn, and the run one of the actor's: so it is run once, whatever
 * crashes, and one that was cut off is in doubt unless it is idempotent (D2). What does not end holds only that
 * thread, which is replaced when the tool's timeout has passed (F5, F4); the agent is told at the timeout.
 * With `workers: 0` there is one thread, and it runs there.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Address } from '../../mailbox/address.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { type ActorDefinition, actor } from '../actor.ts'
import type { Context } from '../context.ts'
import { type Contract, contract } from '../contract.ts'
import { message } from '../message.ts'
import type { ToolCallPart, ToolResultPart } from './parts.ts'
import { checkCall, runTool, type ToolDesk } from './tools/run-tool.ts'
import { type Tool, type ToolParts, type ToolTurn, tool } from './tools/tool.ts'
import { toolbox } from './tools/toolbox.ts'

/** What {@link isolatedTool} takes: as {@link tool}, with what to run. */
export type IsolatedToolParts<
  I extends StandardSchemaV1,
  O extends StandardSchemaV1 | undefined,
  Deps,
> = ToolParts<I, O, Deps> & { readonly ask?: never }

/** One call, as its agent had it: what its schema made of it need not be encodable. */
interface Work {
  readonly call: ToolCallPart
  readonly agent: Address
}

interface Done {
  readonly result: ToolResultPart
}

const messages = () => ({ run: message<Work, Done>() })
type WorkMessages = ReturnType<typeof messages>

/**
 * Defines a tool that runs on a thread of its own. `timeout` counts from the call, the wait for that thread
 * included.
 *
 * @throws OPTION_INVALID, CONTRACT_INVALID
 */
export function isolatedTool<
  const I extends StandardSchemaV1,
  const O extends StandardSchemaV1 | undefined = undefined,
  Deps = unknown,
>(parts: IsolatedToolParts<I, O, Deps>): Tool<Deps> {
  const inner = tool<I, O, Deps>(parts)
  const { name } = inner.spec
  const worker = contract(`tool-${name}`, messages())
  const ask = async (_input: unknown, turn: ToolTurn<Deps>, call: ToolCallPart) => {
    const { type, key } = turn.self
    const work = { call, agent: { type, key } }
    const { result } = await turn
      .ref(worker, key)
      .ask.run(work, { within: inner.timeout })
      .catch(inTime(inner))
    if (result.failed !== true) return result.output
    const { error, message: why } = result.output as { error: 'TOOL_FAILED'; message: string }
    throw new TroupeError(error, why)
  }
  return Object.freeze({
    ...inner,
    output: undefined,
    work: { kind: 'ask' as const, run: ask },
    runsIn: workerOf(worker, inner),
  })
}

function workerOf<Deps>(worker: Contract<WorkMessages>, inner: Tool<Deps>): ActorDefinition {
  const box = toolbox([inner])
  const definition = actor<WorkMessages, Record<never, never>, never, Deps>(worker, {
    durable: true,
    isolate: true,
    blockLimit: inner.timeout,
    passivateAfter: 1_000,
    state: () => ({}),
    on: {
      async run(ctx, { call, agent }) {
        const checked = await checkCall(box, call)
        return { result: 'tool' in checked ? await runTool(deskOf(ctx, agent), checked) : checked }
      },
    },
  })
  return definition as unknown as ActorDefinition
}

/** The step of the actor, in the agent's name. */
const deskOf = <Deps>(
  ctx: Context<WorkMessages, Record<never, never>, Deps>,
  agent: Address,
): ToolDesk<Deps> => ({
  self: agent,
  message: ctx.message,
  signal: ctx.signal,
  get deps(): Deps {
    return ctx.deps
  },
  ref: (contract, key) => ctx.ref(contract, key),
  now: () => ctx.now(),
  effect: (...args) => ctx.effect(...args),
  lease: () => ({ lease: { depth: 0 }, settle: () => undefined }),
})

const inTime =
  ({ spec, timeout }: Tool<never>) =>
  (error: unknown): never => {
    if (!(error instanceof TroupeError) || error.code !== 'ASK_TIMEOUT') throw error
    throw new TroupeError(
      'TOOL_TIMEOUT',
      `Tool "${spec.name}" did not answer within ${timeout} ms.`,
      { cause: error },
    )
  }
