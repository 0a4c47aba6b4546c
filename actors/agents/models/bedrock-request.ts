/**
 * A request in the words of Converse.
 *
 * The prefix is the same to the byte for the same tools, instructions and history, whatever order the
 * tools or the keys of their schemas came in: the service's cache compares bytes.
 */
import type {
  ContentBlock,
  ConverseCommandInput,
  Message,
  SystemContentBlock,
  Tool,
  ToolConfiguration,
} from '@aws-sdk/client-bedrock-runtime'
import type { ModelMessage, ModelRequest, ToolChoice, ToolSpec } from '../model.ts'
import type { Json, Part } from '../parts.ts'
import { searchResult } from './bedrock-documents.ts'
import type { BedrockOptions } from './bedrock-options.ts'
import { inlined } from './inlined.ts'
import { inOrder } from './request.ts'

type Options = Pick<BedrockOptions, 'promptCache' | 'documents' | 'guardrail' | 'modelFields'>

const cachePoint = { cachePoint: { type: 'default' } } as const

export function converseInput(
  modelId: string,
  request: ModelRequest,
  options: Options,
): ConverseCommandInput {
  const { guardrail, modelFields } = options
  const system = systemOf(request, options)
  const toolConfig = toolsOf(request, options)
  return {
    modelId,
    messages: messagesOf(request, options),
    inferenceConfig: {
      maxTokens: request.maxOutputTokens,
      ...(request.temperature !== undefined && { temperature: request.temperature }),
      ...(request.stopSequences !== undefined && { stopSequences: [...request.stopSequences] }),
    },
    ...(system.length > 0 && { system }),
    ...(toolConfig !== undefined && { toolConfig }),
    ...(guardrail !== undefined && {
      guardrailConfig: { guardrailIdentifier: guardrail.id, guardrailVersion: guardrail.version },
    }),
    ...(modelFields !== undefined && { additionalModelRequestFields: modelFields as never }),
  }
}

function systemOf({ system }: ModelRequest, { promptCache }: Options): SystemContentBlock[] {
  if (system.trim() === '') return []
  return promptCache === true ? [{ text: system }, cachePoint] : [{ text: system }]
}

function toolsOf(request: ModelRequest, { promptCache }: Options): ToolConfiguration | undefined {
  const { tools = [], toolChoice = 'auto' } = request
  // Converse cannot be told to call none; without tools it refuses a history that has calls.
  if (tools.length === 0 || (toolChoice === 'none' && !callsTools(request))) return undefined
  const specs: Tool[] = inOrder(tools).map(toolOf)
  if (promptCache === true) specs.push(cachePoint)
  const choice = choiceOf(toolChoice)
  return { tools: specs, ...(choice !== undefined && { toolChoice: choice }) }
}

const callsTools = ({ messages }: ModelRequest): boolean =>
  messages.some(({ parts }) => parts.some(({ type }) => type === 'tool-call'))

const toolOf = ({ name, description, inputSchema }: ToolSpec): Tool => ({
  toolSpec: { name, description, inputSchema: { json: sorted(inputSchema) as never } },
})

function choiceOf(choice: ToolChoice): ToolConfiguration['toolChoice'] {
  if (choice === 'required') return { any: {} }
  return typeof choice === 'object' ? { tool: { name: choice.tool } } : undefined
}

/** The same value with its keys in order, at every depth. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value as { readonly [key: string]: Json })
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  )
}

/** Messages in turn: Converse wants users and assistants to alternate. */
function messagesOf({ messages }: ModelRequest, options: Options): Message[] {
  const turns: { role: ModelMessage['role']; content: ContentBlock[] }[] = []
  for (const { role, parts } of messages) {
    const content = parts.flatMap((part) => blockOf(part, options))
    const last = turns.at(-1)
    if (last?.role === role) last.content.push(...content)
    else if (content.length > 0) turns.push({ role, content })
  }
  const last = turns.findLast(({ role }) => role === 'user')
  if (options.promptCache === true) last?.content.push(cachePoint)
  return turns
}

function blockOf(part: Part, { documents }: Options): ContentBlock[] {
  switch (part.type) {
    case 'text':
      return part.text.trim() === '' ? [] : [{ text: part.text }]
    case 'document':
      return [documents === 'cited' ? searchResult(part) : { text: inlined(part) }]
    case 'reasoning':
      return reasoningBlock(part)
    case 'tool-call':
      return [{ toolUse: { toolUseId: part.id, name: part.name, input: part.input as never } }]
    case 'tool-result':
      return [
        {
          toolResult: {
            toolUseId: part.call,
            content: [resultContent(part.output)],
            ...(part.failed === true && { status: 'error' as const }),
          },
        },
      ]
    default:
      return part satisfies never
  }
}

/** Thoughts without the service's seal are refused: they stay in the record only. */
function reasoningBlock({
  text,
  seal,
  hidden,
}: Extract<Part, { type: 'reasoning' }>): ContentBlock[] {
  if (hidden !== undefined) {
    return [{ reasoningContent: { redactedContent: Buffer.from(hidden, 'base64') } }]
  }
  if (seal === undefined) return []
  return [{ reasoningContent: { reasoningText: { text, signature: seal } } }]
}

/** Converse takes objects as JSON, everything else as its text. */
const resultContent = (output: Json): { json: never } | { text: string } =>
  typeof output === 'object' && output !== null && !Array.isArray(output)
    ? { json: output as never }
    : { text: typeof output === 'string' ? output : JSON.stringify(output) }
