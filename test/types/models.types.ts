/** T5: what is said to models and by them can be sent, answered and streamed, by the compiler. */
import type { ModelChunk, ModelReply, ModelRequest } from '../../actors/agents/model.ts'
import { contract } from '../../actors/contract.ts'
import { message, stream } from '../../actors/message.ts'

export const Conversation = contract('conversation', {
  generate: message<ModelRequest, ModelReply>(),
  stream: stream<ModelRequest, ModelChunk, ModelReply>(),
})
