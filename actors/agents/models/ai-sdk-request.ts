/** A request in the words of the AI SDK's model interface. */
import type { ModelMessage, ModelRequest } from '../model.ts'
import type { Part, ReasoningPart, ToolResultPart } from '../parts.ts'
import type {
  AiSdkCall,
  AiSdkJson,
  AiSdkMessage,
  AiSdkProviderOptions,
  AiSdkSaid,
  AiSdkToolResult,
} from './ai-sdk-types.ts'
import { inlined } from './inlined.ts'
import { inOrder } from './request.ts'

export function aiSdkCall(
  request: ModelRequest,
  abortSignal: AbortSignal,
  providerOptions: AiSdkProviderOptions | undefined,
): AiSdkCall {
  const { temperature, stopSequences, tools = [], toolChoice } = request
  return {
    prompt: promptOf(request),
    maxOutputTokens: request.maxOutputTokens,
    abortSignal,
    ...(temperature !== undefined && { temperature }),
    ...(stopSequences !== undefined && { stopSequences: [...stopSequences] }),
    ...(tools.length > 0 && {
      tools: inOrder(tools).map(({ name, description, inputSchema }) => ({
        type: 'function' as const,
        name,
        description,
        inputSchema: inputSchema as Record<string, never>,
      })),
      toolChoice: choiceOf(toolChoice),
    }),
    ...(providerOptions !== undefined && { providerOptions }),
  }
}

function choiceOf(
  choice: ModelRequest['toolChoice'] = 'auto',
): NonNullable<AiSdkCall['toolChoice']> {
  return typeof choice === 'object' ? { type: 'tool', toolName: choice.tool } : { type: choice }
}

function promptOf({ system, messages }: ModelRequest): AiSdkMessage[] {
  const first: AiSdkMessage[] = system.trim() === '' ? [] : [{ role: 'system', content: system }]
  return [...first, ...messages.flatMap(messagesOf)]
}

/** Results of tools are messages of their own there, before what else the user says. */
function messagesOf({ role, parts }: ModelMessage): AiSdkMessage[] {
  if (role === 'assistant') return [{ role, content: parts.flatMap(saidOf) }]
  const results = parts.filter((part) => part.type === 'tool-result')
  const content = parts.flatMap(askedOf)
  return [
    ...(results.length > 0 ? [{ role: 'tool' as const, content: results.map(resultOf) }] : []),
    ...(content.length > 0 ? [{ role, content }] : []),
  ]
}

function askedOf(part: Part): { type: 'text'; text: string }[] {
  if (part.type === 'text') return [{ type: 'text', text: part.text }]
  return part.type === 'document' ? [{ type: 'text', text: inlined(part) }] : []
}

function saidOf(part: Part): AiSdkSaid[] {
  switch (part.type) {
    case 'text':
      return [{ type: 'text', text: part.text }]
    case 'reasoning':
      return [reasoningOf(part)]
    case 'tool-call':
      return [{ type: 'tool-call', toolCallId: part.id, toolName: part.name, input: part.input }]
    default:
      return []
  }
}

/** The seal is what the provider attached, and goes back to it as it came. */
const reasoningOf = ({ text, seal }: ReasoningPart): AiSdkSaid => ({
  type: 'reasoning',
  text,
  ...(seal !== undefined && { providerOptions: JSON.parse(seal) as AiSdkProviderOptions }),
})

const resultOf = ({ call, name, output, failed }: ToolResultPart): AiSdkToolResult => ({
  type: 'tool-result',
  toolCallId: call,
  toolName: name,
  output:
    typeof output === 'string'
      ? { type: failed === true ? 'error-text' : 'text', value: output }
      : { type: failed === true ? 'error-json' : 'json', value: output as AiSdkJson },
})
