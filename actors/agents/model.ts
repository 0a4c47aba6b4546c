/**
 * The port through which agents use a language model. Owns the shape of requests and replies; knows
 * no vendor, no transport, no retry.
 *
 * Requests and replies are plain data (T5): they are sent between hosts and recorded as step inputs
 * and results (D2). The signal and the meter are the exceptions and are passed beside them.
 *
 * Invariants an implementation keeps; `test/agents/model-contract.ts` holds them for each
 * 1. `generate` resolves with a whole reply. A reply that was cut off rejects (STREAM_BROKEN), an
 *    aborted one rejects (CANCELLED): partial text is never passed off as an answer.
 * 2. `stream` yields pieces and then exactly one end, whose reply is what `generate` would have given.
 *    A stream without an end is a failure. After `restarted` the pieces before it are void.
 * 3. Leaving the loop early or aborting the signal stops the work, and what it costs, at once.
 * 4. The meter is told of every attempt exactly once, however it ended, before the call has settled.
 */
import { type ErrorCode, TroupeError } from '../../mailbox/errors.ts'
import type { LaneName } from '../../mailbox/lane.ts'
import type { Json, Part, ReasoningPart, ReplyPart, TextPart, ToolCallPart } from './parts.ts'

/** One message of a conversation. Results of tools stand in a message of the user's. */
export interface ModelMessage {
  readonly role: 'user' | 'assistant'
  readonly parts: readonly Part[]
}

/** A tool as the model sees it. */
export interface ToolSpec {
  /** Letters, digits, `_` and `-`, at most 64. */
  readonly name: string
  readonly description: string
  /** JSON Schema of an object. */
  readonly inputSchema: { readonly [key: string]: Json }
}

/** Whether tools may, must or must not be called, or which one must. */
export type ToolChoice = 'auto' | 'required' | 'none' | { readonly tool: string }

/** What is asked of a model. */
export interface ModelRequest {
  /**
   * A short constant name of what is asked, `decompose`: for routing, cache keys and telemetry. A
   * generative model follows `system`; one that is made for set tasks tells them apart by this.
   */
  readonly purpose: string
  /** Standing instructions. Keep times and ids out of it: a stable prefix can be cached. */
  readonly system: string
  readonly messages: readonly ModelMessage[]
  /** Tokens. Always given, because services reserve the whole of it when a call starts. */
  readonly maxOutputTokens: number
  /** 0 to 1. */
  readonly temperature?: number
  /** The order does not matter: adapters send them in one fixed order. */
  readonly tools?: readonly ToolSpec[]
  /** Default `auto`. */
  readonly toolChoice?: ToolChoice
  /** The model stops where it would write one of these. */
  readonly stopSequences?: readonly string[]
}

/**
 * Why a model stopped: it was done, at its limit of tokens, to have tools called, kept from answering
 * (by itself or a guardrail), because what it wrote makes no sense to its service, or because the
 * conversation fills its context. A reason of a service that is none of these is passed through.
 */
export type FinishReason =
  | 'stop'
  | 'length'
  | 'tool-calls'
  | 'refused'
  | 'malformed'
  | 'context-full'
  | (string & {})

/** Tokens, as the service counts them. A model without tokens counts words and says so. */
export interface Usage {
  /** Read anew: without what came from the service's cache or went into it. */
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens?: number
  readonly cacheWriteTokens?: number
  /** The service did not say, because the call ended early: counted from what was sent and received. */
  readonly estimated?: true
  /** By the price the model was given, in its currency. */
  readonly cost?: number
}

/** An attempt that failed before the one that answered. */
export interface FailedAttempt {
  readonly code: ErrorCode
  readonly message: string
  readonly usage: Usage
  /** Pieces that had been yielded, and are void. */
  readonly pieces: number
}

/** A whole reply. */
export interface ModelReply {
  readonly parts: readonly ReplyPart[]
  readonly finishReason: FinishReason
  /** The same in the service's own words. */
  readonly serviceReason?: string
  /** Of the attempt that answered. */
  readonly usage: Usage
  /** What it took to get here; absent when the first attempt answered. */
  readonly failedAttempts?: readonly FailedAttempt[]
}

/** What a stream yields: pieces as they come, each final in itself, then one end. */
export type ModelChunk =
  | { readonly type: 'text'; readonly part: TextPart }
  | { readonly type: 'reasoning'; readonly part: ReasoningPart }
  /** Whole: its input is complete. */
  | { readonly type: 'tool-call'; readonly part: ToolCallPart }
  /** Everything before it is void: the stream broke and a new attempt begins. */
  | { readonly type: 'restarted'; readonly failed: FailedAttempt }
  | { readonly type: 'end'; readonly reply: ModelReply }

/** What one attempt came to. */
export interface AttemptReport {
  /** Id of the model. */
  readonly model: string
  readonly purpose: string
  /** 1 for the first. */
  readonly attempt: number
  /** `stopped`: aborted, or its reader left. */
  readonly outcome: 'done' | 'failed' | 'stopped'
  /** Of a failed one. */
  readonly code?: ErrorCode
  readonly usage: Usage
  /** From its start, without what it waited at a gate. */
  readonly ms: number
}

/** Options of one call. */
export interface CallOptions {
  readonly signal?: AbortSignal
  /** Told of every attempt once, also of one that was aborted or left: what budgets count by. */
  readonly meter?: (report: AttemptReport) => void
  /** How urgent, where calls wait at a gate: the lane of the message in hand. Default `normal`. */
  readonly lane?: LaneName
  /** Whose call: a gate is fair between tenants. Default: one for all. */
  readonly tenant?: string
}

/** A language model. */
export interface Model {
  /** Names the model in telemetry and records. */
  readonly id: string
  /** Its service, as OpenTelemetry calls it: `aws.bedrock`. Default: none, it is built in. */
  readonly provider?: string | undefined
  /**
   * @throws CANCELLED when the signal is aborted
   * @throws STREAM_BROKEN when the reply was cut off
   */
  generate(request: ModelRequest, options?: CallOptions): Promise<ModelReply>
  /** As `generate`, piece by piece. */
  stream(request: ModelRequest, options?: CallOptions): AsyncIterable<ModelChunk>
}

/**
 * The whole reply of a stream, its pieces passed over.
 * @throws STREAM_BROKEN when it has no end
 */
export async function wholeReply(chunks: AsyncIterable<ModelChunk>): Promise<ModelReply> {
  for await (const chunk of chunks) if (chunk.type === 'end') return chunk.reply
  throw new TroupeError('STREAM_BROKEN', 'The model stream ended before its end; ask again.')
}
