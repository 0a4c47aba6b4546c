/**
 * What can be said to the example's actors. Types and names only: safe to import anywhere.
 *
 * A customer is a key: `desk/anna` and `support/anna` are hers, and nothing of another's is in them.
 */

import {
  type AgentReply,
  type Approval,
  conversation,
  type Decision,
  type Json,
} from 'troupe/agents'
import { type Address, contract, message } from 'troupe/contract'
import { guarded } from 'troupe/patterns'
import { z } from 'zod'

/** The agent: a conversation with one customer. */
export const Support = contract('support', conversation())

/** What a customer writes. Refused with reasons where it does not fit, and otherwise left as it is. */
const question = guarded(
  z.object({
    text: z.string().min(1).max(2_000),
    context: z.record(z.string(), z.string()).optional(),
  }),
  { maxBytes: 8_192, keys: { context: ['locale', 'channel'] } },
)

/** A question that was taken in, and has its number. */
export interface Ticket {
  readonly ticket: number
  readonly text: string
}

/** A question with how its turn ended. */
export interface Answer extends Ticket {
  readonly reply: AgentReply
}

/** The front desk of one customer: what came in, what is open, what was answered. */
export const Desk = contract('desk', {
  /** Takes a question in and says its number: from then on it will be answered, whatever crashes. */
  take: message({ input: question, output: z.number() }),
  /** To itself: has the agent answer. */
  work: message<Ticket>(),
  /** Waits its turn behind `work`; `null` when that failed for good. */
  answer: message<{ ticket: number }, Answer | null>(),
  /** A human's decision about a call of the agent's. Send it under an id of its own, and it counts once. */
  decide: message<Decision, AgentReply>(),
  /** Questions whose answer nobody has come for. */
  open: message<void, readonly Ticket[]>(),
})

/** Something that a human must allow, for one customer. */
export interface Escalation {
  readonly agent: Address
  readonly approval: Approval
  readonly isDecided: boolean
}

/** All that waits for a human, of all customers; there is one, `escalations/all`. */
export const Escalations = contract('escalations', {
  /** From now on it hears of them. */
  watch: message(),
  /** An agent asks. */
  asked: message<{ agent: Address; approval: Approval }>(),
  /** Somebody decided. */
  decided: message<{ approval: string }>(),
  list: message<void, readonly Escalation[]>(),
})

/** What is heard while a model speaks. Provisional: only the answer is a promise. */
export type Heard =
  | { readonly type: 'began' }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool-call'; readonly name: string; readonly input: Json }
  | {
      readonly type: 'tool-result'
      readonly name: string
      readonly output: Json
      readonly failed: boolean
    }
  /** The stream broke: what came since `began` is void. */
  | { readonly type: 'restarted' }

/** Says at once what is heard of a customer's agent, to {@link voiceTopic}. */
export const Voice = contract('voice', { said: message<Heard>() })

/** Where {@link Heard} of a customer is published. */
export const voiceTopic = (customer: string): string => `support.voice.${customer}`
