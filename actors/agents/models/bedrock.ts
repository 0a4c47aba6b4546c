/**
 * Models of Amazon Bedrock, over Converse and ConverseStream. The wire is in `bedrock-service.ts`,
 * everything that is not Bedrock's own in `service-model.ts`.
 *
 * The AWS client is an optional package, loaded at the first call. Region, credentials and profile are
 * found as it finds them (environment, shared files, role of the machine) unless they are given.
 */
import { TroupeError } from '../../../mailbox/errors.ts'
import { aText, checkOptions } from '../../../mailbox/options.ts'
import type { Model } from '../model.ts'
import { type BedrockOptions, bedrockChecks } from './bedrock-options.ts'
import { BedrockService } from './bedrock-service.ts'
import { ServiceModel } from './service-model.ts'

/** A model of Bedrock. */
export interface BedrockModel extends Model {
  /** Closes its connections; calls in flight fail. */
  close(): void
}

/**
 * A model of Amazon Bedrock.
 *
 * @param id of a model or of an inference profile
 * @throws OPTION_INVALID
 * @throws PACKAGE_MISSING from a call, when `@aws-sdk/client-bedrock-runtime` is not installed
 */
export function bedrockModel(id: string, options: BedrockOptions = {}): BedrockModel {
  if (aText(id) !== undefined) {
    throw new TroupeError('OPTION_INVALID', 'bedrockModel: expected the id of a model')
  }
  checkOptions('bedrockModel', options, bedrockChecks)
  return new ServiceModel(new BedrockService(id, options), options)
}
