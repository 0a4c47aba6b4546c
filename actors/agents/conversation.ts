/**
 * What can be said to an agent, and what it answers: the messages of its contract. Safe to import
 * anywhere; how an agent works is in `agent.ts`.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Address } from '../../mailbox/address.ts'
import { type ErrorCode, TroupeError } from '../../mailbox/errors.ts'
import type { Grant } from '../context.ts'
import { type Message, message, stream } from '../message.ts'
import type { FinishReason, ModelMessage } from './model.ts'
import type { Json, ToolCallPart, ToolResultPart } from './parts.ts'

/** What was used up. */
export interface Spent {
  /** Model calls and tool calls. */
  readonly steps: number
  /** In and out, those from and into the service's cache included; also of attempts that failed. */
  readonly tokens: number
  /** By the model's own price or the budget's `prices`. */
  readonly money: number
  /** Wall time. */
  readonly ms: number
}

/** What an agent that asks another lets it spend, of what is left of its tree. */
export interface Lease {
  /** Agents above it. */
  readonly depth: number
  readonly steps?: number
  readonly tokens?: number
  readonly money?: number
  /** Wall time in ms when it must have ended. */
  readonly until?: number
}

/** What is said to an agent. Without a text it goes on with what stands in the conversation. */
export type Said = string | { readonly text?: string; readonly lease?: Lease }

/** A tool call that waits for a human. */
export interface Approval {
  readonly id: string
  readonly call: ToolCallPart
  /** Wall time in ms. */
  readonly asked: number
  /** When it counts as refused. */
  readonly until: number
}

/** A human's answer to an {@link Approval}. */
export interface Decision {
  readonly approval: string
  readonly approve: boolean
  /** Who decided, as the application knows them: kept in the history. */
  readonly by?: string
  /** For the model, when it is refused. */
  readonly note?: string
}

/** How a turn of an agent ended. */
export type AgentEnd<Output = string> =
  | { readonly status: 'done'; readonly output: Output; readonly finishReason: FinishReason }
  /** Tool calls wait for a decision; the turn is over, and `decide` goes on. */
  | { readonly status: 'waiting'; readonly approvals: readonly Approval[] }
  /** Somebody steered: the turn of that message goes on from here, and has the answer. */
  | { readonly status: 'steered' }
  /** It was interrupted or given up. What had been said is kept. */
  | { readonly status: 'interrupted'; readonly text: string }
  /** It had to end: `code` and `message` are those of the error that {@link outputOf} throws. */
  | ({ readonly status: 'stopped' } & StopReason)

/** What an agent answers: how its turn ended, and what that took, other agents included. */
export type AgentReply<Output = string> = AgentEnd<Output> & { readonly spent: Spent }

/** Why a turn had to end. */
export interface StopReason {
  readonly code: ErrorCode
  readonly message: string
  readonly fields: { readonly [name: string]: Json }
}

/** What comes while an agent works. Provisional: only the reply is a promise. */
export type AgentEvent =
  /** First: which turn it is, and the right to interrupt it (M6). */
  | { readonly type: 'began'; readonly message: string; readonly grant: Grant }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'tool-call'; readonly call: ToolCallPart }
  /** What came since the last `step` is void: the model's stream broke and begins anew. */
  | { readonly type: 'restarted' }
  /** The model's reply is whole, and recorded. */
  | { readonly type: 'step'; readonly spent: Spent }
  | { readonly type: 'tool-result'; readonly result: ToolResultPart }
  | { readonly type: 'approval'; readonly approval: Approval }

/** What an agent is up to, as of its last ended turn. */
export interface AgentStatus {
  /** How many messages stand in the conversation. */
  readonly messages: number
  readonly approvals: readonly Approval[]
  /** Of the whole conversation. */
  readonly spent: Spent
  /** How its last turn ended; undefined before the first. */
  readonly last: { readonly status: AgentReply['status']; readonly stop?: StopReason } | undefined
}

/** Part of a conversation. */
export interface ConversationPage {
  readonly messages: readonly ModelMessage[]
  /** Number of the first one. */
  readonly from: number
  /** How many there are. */
  readonly of: number
}

/** The messages of an agent's contract. */
export type Conversation<Output = string> = {
  /** The next message of the user's. */
  readonly say: Message<Said, Said, AgentReply<Output>, AgentEvent>
  /** As `say`, for a busy agent: its turn ends before its next model call, and this one goes on. Send it in lane `control`. */
  readonly steer: Message<Said, Said, AgentReply<Output>, AgentEvent>
  /** Answers an approval; the agent goes on when all are answered. */
  readonly decide: Message<Decision, Decision, AgentReply<Output>, AgentEvent>
  /** From the agent to itself: time is up for an approval. */
  readonly lapse: Message<{ approval: string }, { approval: string }, void>
  /** From the agent to itself: somebody may have steered and left. */
  readonly resume: Message<void, void, void>
  readonly status: Message<void, void, AgentStatus>
  /** Messages from number `from`, at most `limit` (100). */
  readonly history: Message<
    { from?: number; limit?: number },
    { from?: number; limit?: number },
    ConversationPage
  >
}

/**
 * The messages of an agent: `contract('support', conversation())`, or `conversation<Verdict>()` for one
 * that answers with data.
 */
export function conversation<Output = string>(): Conversation<Output> {
  const said = stream({ input: saidSchema })
  const messages = {
    say: said,
    steer: said,
    decide: stream({ input: decisionSchema }),
    lapse: message<{ approval: string }>(),
    resume: message(),
    status: message<void, AgentStatus>(),
    history: message<{ from?: number; limit?: number }, ConversationPage>(),
  }
  // What it yields and answers is known to the types alone.
  return messages as unknown as Conversation<Output>
}

/** A schema of a few checks. */
const shape = <T>(expected: string, fits: (value: unknown) => boolean): StandardSchemaV1<T> => ({
  '~standard': {
    version: 1,
    vendor: 'troupe',
    validate: (value) =>
      fits(value) ? { value: value as T } : { issues: [{ message: `expected ${expected}` }] },
  },
})

/** A model reads no more at once, and an error should not come from its service. */
const mostText = 4 * 1024 * 1024

const isText = (value: unknown, least: number): boolean =>
  typeof value === 'string' && value.length >= least && value.length <= mostText

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const isLease = (value: unknown): boolean =>
  value === undefined || Number.isSafeInteger(fieldsOf(value)['depth'])

const saidSchema = shape<Said>('a text, or { text }', (value) => {
  if (typeof value !== 'object' || value === null) return isText(value, 1)
  const { text, lease } = fieldsOf(value)
  return (text === undefined || isText(text, 1)) && isLease(lease)
})

const decisionSchema = shape<Decision>('{ approval, approve, by, note }', (value) => {
  const { approval, approve, by, note } = fieldsOf(value)
  const areTexts = [by, note].every((text) => text === undefined || isText(text, 0))
  return isText(approval, 1) && typeof approve === 'boolean' && areTexts
})

/**
 * The output of a reply that is done.
 * @throws AGENT_WAITING for a decision, CANCELLED when it was steered or interrupted, or the error that stopped it
 */
export function outputOf<Output>(reply: AgentReply<Output>): Output {
  switch (reply.status) {
    case 'done':
      return reply.output
    case 'waiting':
      throw agentWaiting(reply.approvals)
    case 'steered':
      throw new TroupeError('CANCELLED', 'The agent was steered; that turn has the answer.')
    case 'interrupted':
      throw new TroupeError('CANCELLED', 'The agent was interrupted.', {
        fields: { text: reply.text },
      })
    case 'stopped':
      throw new TroupeError(reply.code, reply.message, { fields: reply.fields })
    default:
      return reply satisfies never
  }
}

/** @internal */
export function agentWaiting(approvals: readonly Approval[], who?: Address): TroupeError {
  const tools = approvals.map(({ call }) => call.name).join(', ')
  const agent = who === undefined ? 'The agent' : `${who.type}/${who.key}`
  return new TroupeError(
    'AGENT_WAITING',
    `${agent} waits for a human to allow: ${tools}. Answer with \`decide\` first.`,
    { fields: { approvals } },
  )
}
