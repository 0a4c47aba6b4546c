/**
 * Any model of the AI SDK (`LanguageModelV4`) as a model here: attempts, timeouts, retries and the rest
 * are `ServiceModel`'s, as for every service. The AI SDK itself is not imported.
 */
import { TroupeError } from '../../../mailbox/errors.ts'
import { anObject, checkOptions } from '../../../mailbox/options.ts'
import type { FinishReason, Model, ModelRequest, Usage } from '../model.ts'
import { aiSdkCall } from './ai-sdk-request.ts'
import type {
  AiSdkContent,
  AiSdkFinish,
  AiSdkLanguageModel,
  AiSdkPart,
  AiSdkProviderOptions,
  AiSdkUsage,
} from './ai-sdk-types.ts'
import { byStatus, retryAfterOf } from './http-trouble.ts'
import type { ModelService, ServiceEvent, Trouble } from './service.ts'
import { ServiceModel, type ServiceModelOptions, serviceModelChecks } from './service-model.ts'

/** Options of {@link aiSdkModel}. */
export interface AiSdkOptions extends ServiceModelOptions {
  /** Handed to the provider as they are. */
  readonly providerOptions?: AiSdkProviderOptions
}

const version = 'v4'

/**
 * A model of the AI SDK.
 *
 * @param model made by a provider of the AI SDK 7, for example `openai('gpt-5')`
 * @throws OPTION_INVALID for a model of another version of its interface
 */
export function aiSdkModel(model: AiSdkLanguageModel, options: AiSdkOptions = {}): Model {
  if (anObject(model) !== undefined || model.specificationVersion !== version) {
    throw new TroupeError(
      'OPTION_INVALID',
      `aiSdkModel: expected a language model of interface ${version} (AI SDK 7), got ${model?.specificationVersion ?? 'none'}: use a provider of that version`,
    )
  }
  checkOptions('aiSdkModel', options, { ...serviceModelChecks, providerOptions: anObject })
  return new ServiceModel(new AiSdkService(model, options.providerOptions), options)
}

class AiSdkService implements ModelService {
  readonly id: string
  readonly provider: string
  readonly #model: AiSdkLanguageModel
  readonly #options: AiSdkProviderOptions | undefined

  constructor(model: AiSdkLanguageModel, options: AiSdkProviderOptions | undefined) {
    this.id = `${model.provider}:${model.modelId}`
    this.provider = model.provider
    this.#model = model
    this.#options = options
  }

  async *open(
    request: ModelRequest,
    pieces: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<ServiceEvent> {
    const call = aiSdkCall(request, signal, this.#options)
    if (!pieces) {
      const { content, usage, finishReason } = await this.#model.doGenerate(call)
      yield* content.flatMap(eventsOfContent)
      yield* endOf(finishReason, usage)
      return
    }
    const blocks = new Blocks()
    const { stream } = await this.#model.doStream(call)
    for await (const part of stream) yield* eventsOfPart(part, blocks)
  }

  trouble(error: unknown, begun: boolean): Trouble {
    return troubleOf(error, begun)
  }
}

/** Numbers of the blocks of a stream, by the ids they have there, and what came attached to them. */
class Blocks {
  readonly #numbers = new Map<string, number>()
  readonly attached = new Map<string, object>()

  of(id = ''): number {
    const known = this.#numbers.get(id)
    if (known !== undefined) return known
    const number = this.#numbers.size
    this.#numbers.set(id, number)
    return number
  }
}

const alive: readonly ServiceEvent[] = [{ type: 'alive' }]

function eventsOfPart(part: AiSdkPart, blocks: Blocks): readonly ServiceEvent[] {
  switch (part.type) {
    case 'text-delta':
      return [{ type: 'text', block: blocks.of(part.id), text: part.delta ?? '' }]
    case 'reasoning-delta':
      attach(part, blocks)
      return [thought(blocks.of(part.id), part.delta)]
    case 'reasoning-end':
      attach(part, blocks)
      return [thought(blocks.of(part.id), '', blocks.attached.get(part.id ?? ''))]
    case 'text-end':
      return [{ type: 'block-end', block: blocks.of(part.id) }]
    case 'tool-call':
      return toolCall(blocks.of(part.toolCallId), part as AiSdkContent)
    case 'finish':
      return endOf(part.finishReason as AiSdkFinish, part.usage as AiSdkUsage)
    case 'error':
      throw part.error
    default:
      return alive
  }
}

/** The proof comes with the last fragment or with the end, and with some in both. */
function attach({ id = '', providerMetadata }: AiSdkPart, { attached }: Blocks): void {
  if (providerMetadata !== undefined) attached.set(id, providerMetadata)
}

function eventsOfContent(content: AiSdkContent, block: number): readonly ServiceEvent[] {
  switch (content.type) {
    case 'text':
      return [{ type: 'text', block, text: content.text ?? '' }]
    case 'reasoning':
      return [thought(block, content.text, content.providerMetadata)]
    case 'tool-call':
      return toolCall(block, content)
    default:
      return []
  }
}

const thought = (block: number, text = '', seal?: object): ServiceEvent => ({
  type: 'reasoning',
  block,
  text,
  ...(seal !== undefined && { seal: JSON.stringify(seal) }),
})

/** Tools that the provider runs itself are its own affair. */
const toolCall = (
  block: number,
  { toolCallId = '', toolName = '', input = '', providerExecuted }: AiSdkContent,
): readonly ServiceEvent[] =>
  providerExecuted === true
    ? alive
    : [
        { type: 'tool', block, id: toolCallId, name: toolName },
        { type: 'input', block, text: input },
        { type: 'block-end', block },
      ]

const finishReasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool-calls',
  'content-filter': 'refused',
}

/**
 * The end of a reply. Providers report one when their service's stream is cut, too: then the service
 * gave no reason, and there is no stop.
 */
function endOf({ unified, raw }: AiSdkFinish, usage: AiSdkUsage): readonly ServiceEvent[] {
  const cut = raw === undefined && !Object.hasOwn(finishReasons, unified)
  return [
    ...usageOf(usage),
    ...(cut
      ? []
      : [
          {
            type: 'stop' as const,
            reason: finishReasons[unified] ?? raw ?? unified,
            serviceReason: raw ?? unified,
          },
        ]),
  ]
}

function usageOf({ inputTokens, outputTokens }: AiSdkUsage): readonly ServiceEvent[] {
  const { total, cacheRead, cacheWrite } = inputTokens
  const fresh = inputTokens.noCache ?? total
  if (fresh === undefined || outputTokens.total === undefined) return []
  const usage: Usage = {
    inputTokens: fresh,
    outputTokens: outputTokens.total,
    ...(cacheRead !== undefined && cacheRead > 0 && { cacheReadTokens: cacheRead }),
    ...(cacheWrite !== undefined && cacheWrite > 0 && { cacheWriteTokens: cacheWrite }),
  }
  return [{ type: 'usage', usage }]
}

/** The AI SDK's errors are told apart by their fields: its classes differ between copies of it. */
function troubleOf(thrown: unknown, begun: boolean): Trouble {
  const error = (thrown ?? {}) as {
    readonly name?: string
    readonly type?: string
    readonly message?: string
    readonly statusCode?: number
    readonly responseHeaders?: Readonly<Record<string, string>>
  }
  const {
    type = 'Error',
    name = type,
    message = String(thrown),
    statusCode,
    responseHeaders = {},
  } = error
  const retryAfter = retryAfterOf(responseHeaders)
  const failed = statusCode !== undefined && statusCode >= 400
  const broken = begun || statusCode !== undefined ? 'STREAM_BROKEN' : 'MODEL_UNAVAILABLE'
  return {
    code: failed ? byStatus(statusCode) : broken,
    message: `${name}: ${message}`,
    turnedAway: failed && !begun,
    ...(retryAfter !== undefined && { retryAfter }),
    facts: { service: name, ...(failed && { status: statusCode }) },
  }
}
