/**
 * `troupe/agents`: the ports through which agents use a language model and find text, the model that
 * is built in, and what adapters and retrievers need to read text as that model does.
 */
import '../../mailbox/supported-node.ts'

export { decodeEntities } from './extractive/entities.ts'
export { oneLine, plainText } from './extractive/inline.ts'
export { titleSeparator } from './extractive/select.ts'
export { type Sentence, sentencesOf } from './extractive/sentences.ts'
export { isFunctionWord, wordsOf } from './extractive/terms.ts'
export { type ExtractiveModelOptions, extractiveModel, noAnswer } from './extractive-model.ts'
export {
  type CallOptions,
  type Citation,
  type DocumentPart,
  type FinishReason,
  type Model,
  type ModelChunk,
  type ModelMessage,
  type ModelReply,
  type ModelRequest,
  type Part,
  type TextPart,
  textOf,
  type Usage,
} from './model.ts'
export type { Passage, Retriever, SearchOptions } from './retriever.ts'
