/** What an agent remembers. Every message of a conversation stands here once (D3). */
import type { AgentReply, Approval, Spent, StopReason } from '../conversation.ts'
import type { ModelMessage } from '../model.ts'
import type { ToolResultPart } from '../parts.ts'
import type { ListedTool } from '../tools/listed-tool.ts'

export interface AgentState {
  /** Only ever appended to. */
  messages: ModelMessage[]
  /** Number of the first message that the model still sees; what was before is in the summary. */
  from: number
  summary: string
  /** The calls of the last message, while some of them wait for a human. */
  waiting: Waiting | null
  /** Of the whole conversation. */
  spent: Spent
  last: Last | null
  /** What each source of tools listed last. */
  offered: Record<string, Offered>
}

export interface Offered {
  readonly hash: string
  readonly tools: readonly ListedTool[]
}

export interface Waiting {
  /** In the order of the calls; null while one waits for a human. */
  results: (ToolResultPart | null)[]
  /** What is asked, and which call it is about. */
  approvals: { readonly approval: Approval; readonly index: number }[]
}

export interface Last {
  readonly status: AgentReply['status']
  readonly stop?: StopReason
}

export const nothingSpent: Spent = Object.freeze({ steps: 0, tokens: 0, money: 0, ms: 0 })

export const newState = (): AgentState => ({
  messages: [],
  from: 0,
  summary: '',
  waiting: null,
  spent: { ...nothingSpent },
  last: null,
  offered: {},
})

export const added = (a: Spent, b: Partial<Spent>): Spent => ({
  steps: a.steps + (b.steps ?? 0),
  tokens: a.tokens + (b.tokens ?? 0),
  money: a.money + (b.money ?? 0),
  ms: a.ms + (b.ms ?? 0),
})
