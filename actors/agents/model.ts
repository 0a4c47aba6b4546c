/**
 * The port through which agents use a language model. Owns the shape of requests and replies; knows
 * no vendor, no transport, no retry.
 *
 * Requests and replies are plain data (T5): they are sent between hosts and recorded as step inputs
 * and results (D2). The signal is the one exception and is passed beside them.
 *
 * Invariants an implementation keeps
 * 1. `generate` resolves with a whole reply. A reply that was cut off rejects (STREAM_BROKEN), an
 *    aborted one rejects (CANCELLED): partial text is never passed off as an answer.
 * 2. `stream` yields parts and then exactly one end. A stream without an end is a failure.
 * 3. Leaving the loop early or aborting the signal stops the work, and what it costs, at once.
 */

/** A piece of text, in a reply with the places it rests on. */
export interface TextPart {
  readonly type: 'text'
  readonly text: string
  readonly citations?: readonly Citation[]
}

/** A document handed to the model along with a question. */
export interface DocumentPart {
  readonly type: 'document'
  /** Named by citations; unique in the request. */
  readonly id: string
  /** What a reader would call it, for example its heading path. */
  readonly title?: string
  readonly text: string
}

/** Where in a document of the request a statement stands. */
export interface Citation {
  /** The id of a {@link DocumentPart} of the same request. */
  readonly document: string
  /** Lines of the part's text, 0-based, inclusive. */
  readonly firstLine: number
  readonly lastLine: number
}

/** What can stand in a message. */
export type Part = TextPart | DocumentPart

/** One message of a conversation. */
export interface ModelMessage {
  readonly role: 'user' | 'assistant'
  readonly parts: readonly Part[]
}

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
}

/** Why a model stopped. Names of services that are none of these are passed through. */
export type FinishReason = 'stop' | 'length' | 'refused' | (string & {})

/** Tokens, as the service counts them. A model without tokens counts words and says so. */
export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
}

/** A whole reply. */
export interface ModelReply {
  readonly parts: readonly TextPart[]
  readonly finishReason: FinishReason
  readonly usage: Usage
}

/** What a stream yields: text as it comes, then one end. */
export type ModelChunk =
  | { readonly type: 'text'; readonly part: TextPart }
  | { readonly type: 'end'; readonly finishReason: FinishReason; readonly usage: Usage }

/** Options of one call. */
export interface CallOptions {
  readonly signal?: AbortSignal
}

/** A language model. */
export interface Model {
  /** Names the model in telemetry and records. */
  readonly id: string
  /**
   * @throws CANCELLED when the signal is aborted
   * @throws STREAM_BROKEN when the reply was cut off
   */
  generate(request: ModelRequest, options?: CallOptions): Promise<ModelReply>
  /** As `generate`, piece by piece. */
  stream(request: ModelRequest, options?: CallOptions): AsyncIterable<ModelChunk>
}

/** The text of a reply's parts, joined. */
export const textOf = (parts: readonly Part[]): string =>
  parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
