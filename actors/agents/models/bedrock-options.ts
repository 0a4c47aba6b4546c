/** Options of a model of Bedrock, and their check. */
import { aBoolean, anObject, aText, oneOf } from '../../../mailbox/options.ts'
import type { Json } from '../parts.ts'
import { type ServiceModelOptions, serviceModelChecks } from './service-model.ts'

/** Keys for the AWS client; by default it finds them itself. */
export interface BedrockCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** Options of `bedrockModel`. */
export interface BedrockOptions extends ServiceModelOptions {
  readonly region?: string
  /** Profile of the shared configuration files. */
  readonly profile?: string
  /** Default: found by the AWS client. */
  readonly credentials?: BedrockCredentials | (() => Promise<BedrockCredentials>)
  /** Another address of the service, for a private endpoint or a test. */
  readonly endpoint?: string
  /**
   * Marks where the service may cache the prompt: after the tools, the instructions and the last
   * message. Not every model can. Default false.
   */
  readonly promptCache?: boolean
  /**
   * How documents are handed over. `text`: within the message, for every model. `cited`: as search
   * results, which some models can cite by line; the reply then has citations. Default `text`.
   */
  readonly documents?: 'text' | 'cited'
  readonly guardrail?: { readonly id: string; readonly version: string }
  /** Fields of the model's own, for example its settings for reasoning. */
  readonly modelFields?: { readonly [key: string]: Json }
}

export const bedrockChecks = {
  ...serviceModelChecks,
  region: aText,
  profile: aText,
  credentials: (value: unknown) =>
    typeof value === 'function' || anObject(value) === undefined
      ? undefined
      : 'credentials, or a function that gets them',
  endpoint: aText,
  promptCache: aBoolean,
  documents: oneOf('text', 'cited'),
  guardrail: anObject,
  modelFields: anObject,
}
