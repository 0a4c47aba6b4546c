/**
 * What stands in a message to a model and in its reply. Plain data only (T5); knows no vendor.
 *
 * A tool call and its result are parts like text: a conversation is one list of messages, and what
 * was said can be stored, sent on and said again unchanged.
 */

/** A JSON value: what tools take and give. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json }

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

/** What the model thought before it answered. A conversation gives it back unchanged. */
export interface ReasoningPart {
  readonly type: 'reasoning'
  readonly text: string
  /** The service's proof that it thought this; without it some refuse to be reminded. */
  readonly seal?: string
  /** Thoughts the service does not show, base64: only it can read them. */
  readonly hidden?: string
}

/** The model wants a tool to be called. Its input is JSON, and not yet checked by the tool's schema. */
export interface ToolCallPart {
  readonly type: 'tool-call'
  /** Named by the {@link ToolResultPart} that answers it. */
  readonly id: string
  readonly name: string
  readonly input: Json
  /**
   * What the model wrote, when that is no JSON object; `input` is then empty. Answer it with a failed
   * result that says so, and the model can correct itself.
   */
  readonly malformed?: string
}

/** What a tool answered. */
export interface ToolResultPart {
  readonly type: 'tool-result'
  /** The id of the {@link ToolCallPart}. */
  readonly call: string
  readonly name: string
  readonly output: Json
  /** The tool failed, and `output` says how. */
  readonly failed?: boolean
}

/** What can stand in a message. */
export type Part = TextPart | DocumentPart | ReasoningPart | ToolCallPart | ToolResultPart

/** What a model can say. */
export type ReplyPart = TextPart | ReasoningPart | ToolCallPart

/** The text of some parts, joined. */
export const textOf = (parts: readonly Part[]): string =>
  parts.map((part) => (part.type === 'text' ? part.text : '')).join('')

/** The texts among some parts, in their order. */
export const textPartsOf = (parts: readonly Part[]): readonly TextPart[] =>
  parts.filter((part) => part.type === 'text')

/** The tool calls among some parts, in their order. */
export const toolCallsOf = (parts: readonly Part[]): readonly ToolCallPart[] =>
  parts.filter((part) => part.type === 'tool-call')
