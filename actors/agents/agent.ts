/**
 * An agent: an actor whose handlers are a model, its tools and a conversation. All laws of actors hold.
 *
 * Owns: the definition and its checks, and which handler begins which kind of turn. Does not own the
 * turn itself (`agent/run.ts`) nor what is said to it and what it answers (`conversation.ts`).
 * Why it is built this way: docs/adr/010-agents.md.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type Clock, SystemClock } from '../../mailbox/clock.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import {
  aDuration,
  aFunction,
  anArray,
  anInteger,
  anObject,
  checkOptions,
} from '../../mailbox/options.ts'
import { type ActorDefinition, actor, type Needs } from '../actor.ts'
import type { Contract } from '../contract.ts'
import { openApprovals } from './agent/approvals.ts'
import { type Budget, checkBudget } from './agent/budget.ts'
import type { AgentContext } from './agent/context.ts'
import { type EventSink, Events } from './agent/events.ts'
import { measured } from './agent/measured.ts'
import { answerTool } from './agent/output.ts'
import type { OutputPlan, Plan } from './agent/plan.ts'
import { Run } from './agent/run.ts'
import { type AgentState, newState } from './agent/state.ts'
import {
  type AgentReply,
  type AgentStatus,
  agentWaiting,
  type Conversation,
  type ConversationPage,
  type Lease,
  type Said,
} from './conversation.ts'
import type { Model } from './model.ts'
import { inputSchemaOf } from './tools/input-schema.ts'
import type { Tool } from './tools/tool.ts'
import type { ToolSource } from './tools/tool-source.ts'
import { toolbox } from './tools/toolbox.ts'

/** What an agent sees of its past. */
export interface Memory {
  /** Tokens of the conversation that its model is given, roughly; what is older is cut off. Default 32,000. */
  readonly tokens?: number
  /** Whether its model sums up what is cut off, as a step. Default true. */
  readonly summary?: boolean
}

interface AgentParts<Deps> {
  readonly needs?: Needs<Deps>
  /** The model, or where to find it among the dependencies of the host. */
  readonly model: Model | ((deps: Deps) => Model)
  /** For the model: who it is and how it works. Keep times out of it: a stable beginning is cached. */
  readonly instructions: string | ((key: string) => string)
  /** Tools, and sources of tools, which are asked for theirs when a turn begins. */
  readonly tools?: readonly (Tool<Deps> | ToolSource<Deps>)[]
  /** How often an answer that does not fit `output` may be mended. Default 2. */
  readonly repairs?: number
  readonly memory?: Memory
  readonly budget?: Budget
  /** Most tokens of one reply of the model. Default 4,096. */
  readonly maxOutputTokens?: number
  /** 0 to 1. */
  readonly temperature?: number
  /**
   * What kind of query a text is, for metrics (`query_type`); beyond 64 kinds they are `other`. Default:
   * the agent's type for all.
   */
  readonly queryType?: (text: string | undefined) => string
  /** Leave memory after so many idle ms; default 300,000. */
  readonly passivateAfter?: number
  /** For tests: by what timeouts run. Default: the system's clock. */
  readonly clock?: Clock
}

/** What {@link agent} takes. An agent that answers with data has the schema of that. */
export type AgentOptions<Output, Deps> = AgentParts<Deps> &
  ([Output] extends [string]
    ? { readonly output?: undefined }
    : { readonly output: StandardSchemaV1<unknown, Output> })

/**
 * Defines an agent.
 *
 * @param contract made of `conversation()`: `contract('support', conversation())`
 * @throws OPTION_INVALID, CONTRACT_INVALID
 */
export function agent<Output, Deps = unknown>(
  contract: Contract<Conversation<Output>>,
  options: AgentOptions<Output, Deps>,
): ActorDefinition<Conversation<Output>, Deps> {
  const what = `agent "${contract?.type}"`
  const plan = planOf<Deps>(what, options as AgentParts<Deps> & { output?: StandardSchemaV1 })
  const { needs, passivateAfter } = options
  const definition = actor<Conversation<unknown>, AgentState, 'status' | 'history', Deps>(
    contract as Contract<Conversation<unknown>>,
    {
      durable: true,
      ...(needs && { needs }),
      ...(passivateAfter !== undefined && { passivateAfter }),
      state: newState,
      on: {
        say: (ctx, said) => turn(ctx, plan, said),
        steer: (ctx, said) => turn(ctx, plan, said),
        decide: (ctx, decision) =>
          streamed(ctx, (emit) =>
            measured(ctx, plan, undefined, () => new Run(ctx, plan, emit).decide(decision)),
          ),
        async lapse(ctx, { approval }) {
          const isOpen = openApprovals(ctx.state.waiting).some(({ id }) => id === approval)
          const late = {
            approval,
            approve: false,
            by: 'The deadline',
            note: 'No one answered in time.',
          }
          if (isOpen) await new Run(ctx, plan, unheard).decide(late)
        },
        async resume(ctx) {
          const isLeft = ctx.state.last?.status === 'steered' && ctx.state.waiting === null
          if (isLeft) await new Run(ctx, plan, unheard).say(undefined)
        },
      },
      reads: {
        status: (ctx) => statusOf(ctx.state),
        history: (ctx, page) => pageOf(ctx.state, page),
      },
    },
  )
  const companions = plan.tools.all.flatMap(({ runsIn }) => runsIn ?? [])
  // What it answers is known to the types of the contract and to the schema.
  return Object.freeze({ ...definition, companions }) as unknown as ActorDefinition<
    Conversation<Output>,
    Deps
  >
}

const unheard: EventSink = () => undefined

/** @throws AGENT_WAITING, PAYLOAD_INVALID when there is nothing to go on with */
function turn<Deps>(
  ctx: AgentContext<Deps>,
  plan: Plan<Deps>,
  said: Said,
): Events<AgentReply<unknown>> {
  const { text, lease } = partsOf(said)
  const { waiting, messages } = ctx.state
  if (waiting !== null) throw agentWaiting(openApprovals(waiting), ctx.self)
  if (text === undefined && messages.length === 0) {
    throw new TroupeError('PAYLOAD_INVALID', 'say: the conversation is empty, so it needs a text')
  }
  return streamed(ctx, (emit) =>
    measured(ctx, plan, text, () => new Run(ctx, plan, emit, lease).say(text)),
  )
}

const partsOf = (said: Said): { readonly text?: string; readonly lease?: Lease } =>
  typeof said === 'string' ? { text: said } : said

function streamed<Deps>(
  ctx: AgentContext<Deps>,
  work: (emit: EventSink) => Promise<AgentReply<unknown>>,
): Events<AgentReply<unknown>> {
  return new Events(async (emit) => {
    await emit({ type: 'began', message: ctx.message.id, grant: ctx.grant() })
    return await work(emit)
  })
}

function statusOf({ messages, waiting, spent, last }: AgentState): AgentStatus {
  return {
    messages: messages.length,
    approvals: openApprovals(waiting),
    spent,
    last: last ?? undefined,
  }
}

function pageOf(
  { messages }: AgentState,
  { from = 0, limit = 100 }: { readonly from?: number; readonly limit?: number },
): ConversationPage {
  const start = Math.max(0, Math.floor(from))
  const end = start + Math.min(100, Math.max(0, Math.floor(limit)))
  return { messages: messages.slice(start, end), from: start, of: messages.length }
}

function planOf<Deps>(
  what: string,
  options: AgentParts<Deps> & { readonly output?: StandardSchemaV1 },
): Plan<Deps> {
  checkOptions(what, options, checks)
  const { model, instructions, memory = {}, budget = {}, output } = options
  if (model === undefined) throw invalid(what, '"model" is missing')
  if (instructions === undefined) throw invalid(what, '"instructions" are missing')
  checkOptions(`${what} memory`, memory, { tokens: anInteger(1), summary: isFlag })
  checkBudget(what, budget)
  const { tools, sources } = offers(what, options.tools ?? [])
  if (output !== undefined && tools.get(answerTool) !== undefined) {
    throw invalid(what, `with "output", "${answerTool}" is the name of the tool that gives it`)
  }
  return Object.freeze({
    model: typeof model === 'function' ? model : () => model,
    instructions: typeof instructions === 'function' ? instructions : () => instructions,
    tools,
    sources,
    output: output && outputPlan(what, output, options.repairs ?? 2),
    memory: { tokens: memory.tokens ?? 32_000, summary: memory.summary ?? true },
    budget,
    maxOutputTokens: options.maxOutputTokens ?? 4_096,
    temperature: options.temperature,
    queryType: options.queryType,
    clock: options.clock ?? new SystemClock(),
  })
}

/** @throws OPTION_INVALID when two have one name */
function offers<Deps>(what: string, given: readonly (Tool<Deps> | ToolSource<Deps>)[]) {
  const isSource = (one: Tool<Deps> | ToolSource<Deps>): one is ToolSource<Deps> =>
    typeof (one as Partial<ToolSource> | undefined)?.list === 'function'
  const sources = given.filter(isSource)
  const names = sources.map(({ name }) => name)
  const twice = names.find((name, place) => names.indexOf(name) !== place)
  if (twice !== undefined) throw invalid(what, `two sources of tools are named "${twice}"`)
  return { sources, tools: toolbox(given.filter((one): one is Tool<Deps> => !isSource(one))) }
}

function outputPlan(what: string, schema: StandardSchemaV1, repairs: number): OutputPlan {
  const inputSchema = inputSchemaOf(`${what} output`, schema, undefined)
  const description = 'Gives your final answer. Call it alone, once, when you know the answer.'
  return { schema, repairs, spec: { name: answerTool, description, inputSchema } }
}

const invalid = (what: string, why: string): TroupeError =>
  new TroupeError('OPTION_INVALID', `${what}: ${why}`)

const isFlag = (value: unknown): string | undefined =>
  typeof value === 'boolean' ? undefined : 'true or false'

const aModel = (value: unknown): string | undefined =>
  typeof value === 'function' || typeof (value as Partial<Model> | null)?.stream === 'function'
    ? undefined
    : 'a model, or a function that finds it: (deps) => deps.model'

const someText = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'function' ? undefined : 'a text, or (key) => text'

const checks = {
  needs: anObject,
  model: aModel,
  instructions: someText,
  tools: anArray,
  output: anObject,
  repairs: anInteger(0),
  memory: anObject,
  budget: anObject,
  maxOutputTokens: anInteger(1),
  queryType: aFunction,
  temperature: (value: unknown) =>
    typeof value === 'number' && value >= 0 && value <= 1 ? undefined : 'a number from 0 to 1',
  passivateAfter: aDuration,
  clock: anObject,
}
