/** Our description of the AI SDK's model interface against the original, by the compiler. */
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4StreamPart,
} from '@ai-sdk/provider'
import type {
  AiSdkCall,
  AiSdkLanguageModel,
  AiSdkPart,
} from '../../actors/agents/models/ai-sdk-types.ts'

/** Its models fit, in what they give. */
export const ours = (model: LanguageModelV4): AiSdkLanguageModel => model

/** What we ask of them is what they take. */
export const call = (options: AiSdkCall): LanguageModelV4CallOptions => options

/** The parts we look at are parts of theirs. */
export type Known = Extract<
  LanguageModelV4StreamPart['type'],
  'text-delta' | 'text-end' | 'reasoning-delta' | 'reasoning-end' | 'tool-call' | 'finish' | 'error'
>
export const parts: Record<Known, true> = {
  'text-delta': true,
  'text-end': true,
  'reasoning-delta': true,
  'reasoning-end': true,
  'tool-call': true,
  finish: true,
  error: true,
}
export const part = (one: LanguageModelV4StreamPart): AiSdkPart => one
