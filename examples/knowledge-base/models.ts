/**
 * The models by name. A message says which one it is about, so that it still means the same after a restart;
 * each thread makes those that it is asked for, once, and closes them with the rest.
 */

import { type BedrockModel, bedrockModel, extractiveModel, type Model } from 'troupe/agents'
import { TroupeError } from 'troupe/contract'

/** The one that is built in. */
export const embedded = 'extractive'

/** What `--model` may be. */
export const modelPattern = /^(?:extractive|bedrock:\S+)$/

export class Models {
  readonly #open = new Map<string, BedrockModel>()
  readonly #embedded = extractiveModel()

  /**
   * @param name `extractive`, or `bedrock:ID`
   * @throws OPTION_INVALID
   */
  named(name: string): Model {
    if (name === embedded) return this.#embedded
    const known = this.#open.get(name)
    if (known !== undefined) return known
    if (!modelPattern.test(name)) {
      throw new TroupeError('OPTION_INVALID', `knowledge-base: there is no model "${name}"`)
    }
    const model = bedrockModel(name.slice('bedrock:'.length), { documents: 'cited' })
    this.#open.set(name, model)
    return model
  }

  close(): void {
    for (const model of this.#open.values()) model.close()
    this.#open.clear()
  }
}
