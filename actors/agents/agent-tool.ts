/**
 * Another agent as a tool: its model's answer is the tool's result. With `final` it is a hand-off: the
 * answer of the other is the answer of this one, and its own model is not asked again.
 *
 * It is asked from the turn, so its question is sent once, whatever crashes (D2); it is given up with
 * this agent's turn; a ring of agents is found (T4); and it may spend a share of what is left of the
 * tree's budget, no more.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Ref } from '../ref.ts'
import { type Conversation, outputOf } from './conversation.ts'
import { type Tool, type ToolParts, type ToolTurn, tool } from './tools/tool.ts'

/** What {@link agentTool} takes: as {@link tool}, with whom to ask instead of what to run. */
export type AgentToolParts<I extends StandardSchemaV1, Output, Deps> = Omit<
  ToolParts<I, undefined, Deps>,
  'execute' | 'ask' | 'output' | 'idempotent' | 'timeout'
> & {
  /** Whom to ask: `(input, turn) => turn.ref(Billing, input.customer)`. */
  readonly agent: (
    input: StandardSchemaV1.InferOutput<I>,
    turn: ToolTurn<Deps>,
  ) => Ref<Conversation<Output>>
  /** What it is told. Default: the input as JSON, or its only text. */
  readonly say?: (input: StandardSchemaV1.InferOutput<I>) => string
  /** Most ms to wait for its answer. Default 10 minutes. */
  readonly within?: number
}

/** @throws OPTION_INVALID, CONTRACT_INVALID */
export function agentTool<const I extends StandardSchemaV1, Output, Deps = unknown>(
  parts: AgentToolParts<I, Output, Deps>,
): Tool<Deps> {
  const { agent, say = written, within = 600_000, ...rest } = parts
  return tool<I, undefined, Deps>({
    ...rest,
    ask: async (input: StandardSchemaV1.InferOutput<I>, turn: ToolTurn<Deps>) => {
      const open = turn.lease()
      try {
        const said = { text: say(input), lease: open.lease }
        const reply = await agent(input, turn).ask.say(said, { within })
        open.settle(reply.spent)
        return outputOf(reply)
      } catch (error) {
        open.settle(undefined)
        throw error
      }
    },
  } as ToolParts<I, undefined, Deps>)
}

function written(input: unknown): string {
  const values = Object.values(input as object)
  const [only] = values
  return values.length === 1 && typeof only === 'string' ? only : JSON.stringify(input)
}
