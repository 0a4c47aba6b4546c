/**
 * A reply that is there as a whole, said in pieces: for the models that need no service. Owns the checks,
 * the abort between two pieces and the meter, so that they keep the contract of all models.
 */
import type { TroupeError } from '../../../mailbox/errors.ts'
import type { CallOptions, ModelChunk, ModelReply, ModelRequest, Usage } from '../model.ts'
import { type ReplyPart, textOf } from '../parts.ts'
import { Metered } from './metered.ts'
import { checkRequest } from './request.ts'
import { noUsage, tokensFor } from './usage.ts'

/** What is to be said. */
export interface Saying {
  readonly pieces: readonly ReplyPart[]
  readonly reply: ModelReply
  /** Thrown when the pieces have been said. */
  readonly error?: TroupeError | undefined
}

/** @param compose called once, and not when the call was aborted before */
export async function* spoken(
  id: string,
  request: ModelRequest,
  options: CallOptions,
  compose: () => Saying | Promise<Saying>,
): AsyncGenerator<ModelChunk> {
  checkRequest(request)
  const metered = new Metered(id, request, options)
  const said: ReplyPart[] = []
  let saying: Saying | undefined
  try {
    metered.check()
    saying = await compose()
    metered.check()
    for (const piece of saying.pieces) {
      said.push(piece)
      yield chunkOf(piece)
      metered.check()
    }
    if (saying.error !== undefined) throw saying.error
    metered.done(saying.reply.usage)
    yield { type: 'end', reply: saying.reply }
  } catch (error) {
    metered.failed(error)
    throw error
  } finally {
    metered.end(saying === undefined ? noUsage : usedFor(saying.reply.usage, said))
  }
}

const usedFor = ({ inputTokens }: Usage, said: readonly ReplyPart[]): Usage => ({
  inputTokens,
  outputTokens: tokensFor(Buffer.byteLength(textOf(said))),
  estimated: true,
})

function chunkOf(part: ReplyPart): ModelChunk {
  switch (part.type) {
    case 'text':
      return { type: 'text', part }
    case 'reasoning':
      return { type: 'reasoning', part }
    case 'tool-call':
      return { type: 'tool-call', part }
    default:
      return part satisfies never
  }
}
