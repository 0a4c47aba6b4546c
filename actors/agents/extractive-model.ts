/**
 * The embedded model: it picks sentences out of the documents it is given and orders them. It has no
 * weights, calls no network and generates nothing; every word it says about a document stands there.
 *
 * It serves three purposes and refuses all others, so that nobody mistakes it for a chat model:
 * - `decompose`: the last text part is a question; the reply has one question on each line
 * - `reason`: documents, then a question; the reply is the sentences that answer it, each with its
 *   citation, or {@link noAnswer}
 * - `synthesize`: documents that are sentences already; the reply is the ones worth saying, in order
 *
 * The same request always gives the same reply. Usage is counted in words.
 */

import { TroupeError } from '../../mailbox/errors.ts'
import { withoutRepeats } from './extractive/compose.ts'
import { decompose } from './extractive/decompose.ts'
import { oneLine } from './extractive/inline.ts'
import { select } from './extractive/select.ts'
import { wordsOf } from './extractive/terms.ts'
import {
  type CallOptions,
  type Model,
  type ModelChunk,
  type ModelReply,
  type ModelRequest,
  type Usage,
  wholeReply,
} from './model.ts'
import { spoken } from './models/spoken.ts'
import type { DocumentPart, Part, TextPart } from './parts.ts'

/** What a model replies, word for word and nothing else, when the documents do not answer. */
export const noAnswer = 'NO ANSWER'

/** Options of {@link extractiveModel}. */
export interface ExtractiveModelOptions {
  /** Most sentences that answer one question. Default 3. */
  readonly sentences?: number
}

/** See the head of this file. */
export function extractiveModel(options: ExtractiveModelOptions = {}): Model {
  return new ExtractiveModel(options.sentences ?? 3)
}

class ExtractiveModel implements Model {
  readonly id = 'extractive-1'
  readonly #sentences: number

  constructor(sentences: number) {
    this.#sentences = sentences
  }

  generate(request: ModelRequest, options: CallOptions = {}): Promise<ModelReply> {
    return wholeReply(this.stream(request, options))
  }

  stream(request: ModelRequest, options: CallOptions = {}): AsyncGenerator<ModelChunk> {
    return spoken(this.id, request, options, () => {
      const { parts, finishReason } = withinLimit(this.#answer(request), request.maxOutputTokens)
      return { pieces: parts, reply: { parts, finishReason, usage: usageOf(request, parts) } }
    })
  }

  #answer(request: ModelRequest): readonly TextPart[] {
    const given = request.messages.flatMap((message) => message.parts)
    switch (request.purpose) {
      case 'decompose':
        return [text(decompose(lastText(given)).join('\n'))]
      case 'reason':
        return this.#reason(lastText(given), given.filter(isDocument))
      case 'synthesize':
        return synthesize(given.filter(isDocument))
      default:
        throw unknownPurpose(request.purpose)
    }
  }

  #reason(question: string, documents: readonly DocumentPart[]): readonly TextPart[] {
    const sources = documents.map(({ id, title = '', text }) => ({ id, title, text }))
    const selected = select(question, sources, this.#sentences)
    if (selected.length === 0) return [text(noAnswer)]
    return selected.map(({ text, source, firstLine, lastLine }) => ({
      type: 'text',
      text,
      citations: [{ document: source, firstLine, lastLine }],
    }))
  }
}

function synthesize(documents: readonly DocumentPart[]): readonly TextPart[] {
  const evidence = documents.map((document) => ({
    text: oneLine(document.text),
    document: document.id,
    lines: document.text.split('\n').length,
  }))
  return withoutRepeats(evidence).map(({ text, document, lines }) => ({
    type: 'text',
    text,
    citations: [{ document, firstLine: 0, lastLine: lines - 1 }],
  }))
}

/** A reply is cut between parts, never inside one, and says that it was cut. */
function withinLimit(parts: readonly TextPart[], limit: number) {
  const said: TextPart[] = []
  let left = limit
  for (const part of parts) {
    left -= wordsOf(part.text).length
    if (left < 0) return { parts: said, finishReason: 'length' as const }
    said.push(part)
  }
  return { parts: said, finishReason: 'stop' as const }
}

const usageOf = (request: ModelRequest, said: readonly TextPart[]): Usage => ({
  inputTokens: countWords(request.messages.flatMap((message) => message.parts)),
  outputTokens: countWords(said),
})

const countWords = (parts: readonly Part[]): number =>
  parts.reduce((words, part) => words + ('text' in part ? wordsOf(part.text).length : 0), 0)

const text = (content: string): TextPart => ({ type: 'text', text: content })

const isDocument = (part: Part): part is DocumentPart => part.type === 'document'

function lastText(parts: readonly Part[]): string {
  const question = parts.findLast((part) => part.type === 'text')
  if (question !== undefined) return question.text
  throw new TroupeError(
    'OPTION_INVALID',
    'The extractive model expects a text part with the question; the request holds none.',
  )
}

function unknownPurpose(purpose: string): TroupeError {
  return new TroupeError(
    'OPTION_INVALID',
    `The extractive model serves decompose, reason and synthesize, not ${JSON.stringify(purpose)}: give this request to a generative model.`,
    { fields: { purpose } },
  )
}
