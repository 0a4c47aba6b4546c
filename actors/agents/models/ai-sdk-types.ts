/**
 * The AI SDK's model interface (`LanguageModelV4`), as far as we use it, as types of our own: its models
 * fit them, and nothing of it is imported. `test/types/ai-sdk.types.ts` holds them against the original.
 *
 * What comes out of a model is described loosely, because providers add to it.
 */
import type { Json } from '../parts.ts'

/** A model of the AI SDK, such as its providers make. */
export interface AiSdkLanguageModel {
  readonly specificationVersion: string
  readonly provider: string
  readonly modelId: string
  /** One reply. */
  doGenerate(options: AiSdkCall): PromiseLike<AiSdkResult>
  /** A reply in pieces. */
  doStream(options: AiSdkCall): PromiseLike<{ readonly stream: AsyncIterable<AiSdkPart> }>
}

/** A JSON object, as the AI SDK's types want it. */
export interface AiSdkObject {
  [key: string]: AiSdkJson
}
export type AiSdkJson = null | boolean | number | string | AiSdkObject | AiSdkJson[]

/** Options of a provider's own, by the provider's name. */
export type AiSdkProviderOptions = Record<string, AiSdkObject>

export interface AiSdkCall {
  prompt: AiSdkMessage[]
  maxOutputTokens: number
  temperature?: number
  stopSequences?: string[]
  tools?: {
    type: 'function'
    name: string
    description: string
    inputSchema: Record<string, never>
  }[]
  toolChoice?:
    | { type: 'auto' }
    | { type: 'none' }
    | { type: 'required' }
    | { type: 'tool'; toolName: string }
  abortSignal: AbortSignal
  providerOptions?: AiSdkProviderOptions
}

export type AiSdkMessage =
  | { role: 'system'; content: string }
  | { role: 'user'; content: { type: 'text'; text: string }[] }
  | { role: 'assistant'; content: AiSdkSaid[] }
  | { role: 'tool'; content: AiSdkToolResult[] }

export type AiSdkSaid =
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string; providerOptions?: AiSdkProviderOptions }
  | { type: 'tool-call'; toolCallId: string; toolName: string; input: Json }

export interface AiSdkToolResult {
  type: 'tool-result'
  toolCallId: string
  toolName: string
  output:
    | { type: 'text' | 'error-text'; value: string }
    | { type: 'json' | 'error-json'; value: AiSdkJson }
}

export interface AiSdkFinish {
  readonly unified: string
  readonly raw: string | undefined
}

export interface AiSdkUsage {
  readonly inputTokens: {
    readonly total: number | undefined
    readonly noCache: number | undefined
    readonly cacheRead: number | undefined
    readonly cacheWrite: number | undefined
  }
  readonly outputTokens: { readonly total: number | undefined }
}

export interface AiSdkResult {
  readonly content: readonly AiSdkContent[]
  readonly finishReason: AiSdkFinish
  readonly usage: AiSdkUsage
}

export interface AiSdkContent {
  readonly type: string
  readonly text?: string
  readonly toolCallId?: string
  readonly toolName?: string
  readonly input?: string
  readonly providerExecuted?: boolean
  readonly providerMetadata?: object
}

/** A part of a stream: told apart by its type, others are passed over. */
export interface AiSdkPart {
  readonly type: string
  readonly id?: string
  readonly delta?: string
  readonly toolCallId?: string
  readonly toolName?: string
  readonly providerExecuted?: boolean
  readonly providerMetadata?: object
  readonly finishReason?: AiSdkFinish
  readonly usage?: AiSdkUsage
  readonly error?: unknown
}
