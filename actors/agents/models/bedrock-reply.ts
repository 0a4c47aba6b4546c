/** Replies of Converse and events of ConverseStream, translated. */
import type {
  Citation as BedrockCitation,
  CitationsDelta,
  ContentBlock,
  ConverseCommandOutput,
  ConverseStreamOutput,
  StopReason,
  TokenUsage,
} from '@aws-sdk/client-bedrock-runtime'
import type { FinishReason, Usage } from '../model.ts'
import type { DocumentPart } from '../parts.ts'
import { citationOf } from './bedrock-documents.ts'
import type { ServiceEvent } from './service.ts'

const finishReasons: Readonly<Record<StopReason, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  tool_use: 'tool-calls',
  max_tokens: 'length',
  content_filtered: 'refused',
  guardrail_intervened: 'refused',
  malformed_model_output: 'malformed',
  malformed_tool_use: 'malformed',
  model_context_window_exceeded: 'context-full',
}

const stopOf = (reason: string): ServiceEvent => ({
  type: 'stop',
  reason: Object.hasOwn(finishReasons, reason) ? finishReasons[reason as StopReason] : reason,
  serviceReason: reason,
})

function usageOf(usage: TokenUsage): Usage {
  const { inputTokens = 0, outputTokens = 0, cacheReadInputTokens, cacheWriteInputTokens } = usage
  return {
    inputTokens,
    outputTokens,
    ...(cacheReadInputTokens !== undefined && { cacheReadTokens: cacheReadInputTokens }),
    ...(cacheWriteInputTokens !== undefined && { cacheWriteTokens: cacheWriteInputTokens }),
  }
}

/** One event of a stream, as the events it means. */
export function eventsOf(
  event: ConverseStreamOutput,
  documents: readonly DocumentPart[],
): readonly ServiceEvent[] {
  if (event.contentBlockStart !== undefined) {
    const { start, contentBlockIndex: block = 0 } = event.contentBlockStart
    const { toolUse } = start ?? {}
    if (toolUse === undefined) return [alive]
    return [{ type: 'tool', block, id: toolUse.toolUseId ?? '', name: toolUse.name ?? '' }]
  }
  if (event.contentBlockDelta !== undefined) {
    const { delta, contentBlockIndex: block = 0 } = event.contentBlockDelta
    return deltaOf(delta, block, documents)
  }
  if (event.contentBlockStop !== undefined) {
    return [{ type: 'block-end', block: event.contentBlockStop.contentBlockIndex ?? 0 }]
  }
  if (event.messageStop !== undefined) return [stopOf(event.messageStop.stopReason ?? 'unknown')]
  if (event.metadata?.usage !== undefined) {
    return [{ type: 'usage', usage: usageOf(event.metadata.usage) }]
  }
  return [alive]
}

const alive: ServiceEvent = { type: 'alive' }

type Delta = NonNullable<ConverseStreamOutput['contentBlockDelta']>['delta']

function deltaOf(
  delta: Delta,
  block: number,
  documents: readonly DocumentPart[],
): readonly ServiceEvent[] {
  if (delta?.text !== undefined) return [{ type: 'text', block, text: delta.text }]
  if (delta?.toolUse !== undefined) {
    return [{ type: 'input', block, text: delta.toolUse.input ?? '' }]
  }
  if (delta?.reasoningContent !== undefined) {
    const { text, signature, redactedContent } = delta.reasoningContent
    return [reasoning(block, text, signature, redactedContent)]
  }
  if (delta?.citation !== undefined) return citations(block, [delta.citation], documents)
  return [alive]
}

/** A whole reply, as the events it would have been. */
export function eventsOfReply(
  { output, stopReason, usage }: ConverseCommandOutput,
  documents: readonly DocumentPart[],
): readonly ServiceEvent[] {
  const blocks = output?.message?.content ?? []
  return [
    ...blocks.flatMap((content, block) => [
      ...blockOf(content, block, documents),
      { type: 'block-end' as const, block },
    ]),
    ...(usage === undefined ? [] : [{ type: 'usage' as const, usage: usageOf(usage) }]),
    stopOf(stopReason ?? 'unknown'),
  ]
}

function blockOf(
  content: ContentBlock,
  block: number,
  documents: readonly DocumentPart[],
): readonly ServiceEvent[] {
  if (content.text !== undefined) return [{ type: 'text', block, text: content.text }]
  if (content.toolUse !== undefined) {
    const { toolUseId = '', name = '', input } = content.toolUse
    return [
      { type: 'tool', block, id: toolUseId, name },
      { type: 'input', block, text: input === undefined ? '' : JSON.stringify(input) },
    ]
  }
  if (content.reasoningContent !== undefined) {
    const { reasoningText, redactedContent } = content.reasoningContent
    return [reasoning(block, reasoningText?.text, reasoningText?.signature, redactedContent)]
  }
  if (content.citationsContent !== undefined) {
    const { content: said = [], citations: cited = [] } = content.citationsContent
    const text = said.map((one) => one.text ?? '').join('')
    return [{ type: 'text', block, text }, ...citations(block, cited, documents)]
  }
  return []
}

const reasoning = (
  block: number,
  text: string | undefined,
  seal: string | undefined,
  hidden: Uint8Array | undefined,
): ServiceEvent => ({
  type: 'reasoning',
  block,
  ...(text !== undefined && { text }),
  ...(seal !== undefined && { seal }),
  ...(hidden !== undefined && { hidden: Buffer.from(hidden).toString('base64') }),
})

const citations = (
  block: number,
  cited: readonly (BedrockCitation | CitationsDelta)[],
  documents: readonly DocumentPart[],
): readonly ServiceEvent[] =>
  cited.flatMap(({ location }) => {
    const place = location?.searchResultLocation
    const citation = place === undefined ? undefined : citationOf(place, documents)
    return citation === undefined ? [] : [{ type: 'citation', block, citation }]
  })
