/**
 * The reason agent's work: which sentences of the passages found answer one question, asked of a
 * model. A citation of the model is believed only if it names a passage and lines that were given.
 */

import {
  type CallOptions,
  type Citation,
  type DocumentPart,
  type Model,
  noAnswer,
  type Passage,
  type TextPart,
  textOf,
  textPartsOf,
  titleSeparator,
} from 'troupe/agents'
import type { SourceLines } from './citation.ts'

/** A sentence that answers, and where it stands. */
export interface Evidence extends SourceLines {
  readonly text: string
  readonly headings: readonly string[]
}

/** A question with what answers it; no evidence means that the documents hold no answer. */
export interface Finding {
  readonly question: string
  readonly evidence: readonly Evidence[]
}

const system =
  'Answer the question with sentences of the documents, word for word, the most telling first, at ' +
  `most three, and cite each. If the documents do not answer it, reply ${noAnswer} and nothing else.`

/** The evidence for one question. */
export async function findEvidence(
  model: Model,
  question: string,
  passages: readonly Passage[],
  options: CallOptions = {},
): Promise<Finding> {
  if (passages.length === 0) return { question, evidence: [] }
  const reply = await model.generate(
    {
      purpose: 'reason',
      system,
      messages: [
        { role: 'user', parts: [...passages.map(toDocument), { type: 'text', text: question }] },
      ],
      maxOutputTokens: 1_024,
      temperature: 0,
    },
    options,
  )
  const none = textOf(reply.parts).trim() === noAnswer
  return {
    question,
    evidence: none ? [] : textPartsOf(reply.parts).flatMap((part) => toEvidence(part, passages)),
  }
}

const toDocument = (passage: Passage, index: number): DocumentPart => ({
  type: 'document',
  id: String(index),
  title: [passage.file, ...passage.headings].join(titleSeparator),
  text: passage.text,
})

function toEvidence(part: TextPart, passages: readonly Passage[]): readonly Evidence[] {
  const citation = part.citations?.[0]
  if (citation === undefined) return []
  const passage = passages[Number(citation.document)]
  if (passage === undefined || !isWithin(citation, passage)) return []
  return [
    {
      text: part.text,
      file: passage.file,
      startLine: passage.startLine + citation.firstLine,
      endLine: passage.startLine + citation.lastLine,
      headings: passage.headings,
    },
  ]
}

const isWithin = ({ firstLine, lastLine }: Citation, passage: Passage): boolean =>
  firstLine >= 0 && firstLine <= lastLine && passage.startLine + lastLine <= passage.endLine
