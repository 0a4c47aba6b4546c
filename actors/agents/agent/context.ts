/** `ctx` as an agent's handlers see it. */
import type { Context } from '../../context.ts'
import type { Conversation } from '../conversation.ts'
import type { AgentState } from './state.ts'

export type AgentContext<Deps = unknown> = Context<Conversation<unknown>, AgentState, Deps>
