/** A model that speaks as slowly as one behind a service does, so that there is something to see. */

import { setTimeout as wait } from 'node:timers/promises'
import {
  type CallOptions,
  type Model,
  type ModelChunk,
  type ModelReply,
  type ModelRequest,
  wholeReply,
} from 'troupe/agents'
import { TroupeError } from 'troupe/contract'

/** @param ms between two pieces of a text; 0 is as fast as it can */
export function paced(model: Model, ms: number): Model {
  if (ms === 0) return model
  async function* stream(
    request: ModelRequest,
    options: CallOptions = {},
  ): AsyncGenerator<ModelChunk> {
    let isFirst = true
    for await (const chunk of model.stream(request, options)) {
      if (chunk.type === 'text') {
        if (!isFirst) await pause(ms, options.signal)
        isFirst = false
      }
      yield chunk
    }
  }
  const generate = (request: ModelRequest, options?: CallOptions): Promise<ModelReply> =>
    wholeReply(stream(request, options))
  return { id: model.id, stream, generate }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await wait(ms, undefined, signal === undefined ? {} : { signal })
  } catch (cause) {
    throw new TroupeError('CANCELLED', 'the model was stopped while it spoke', { cause })
  }
}
