/**
 * The synthesize agent's work: findings to an answer, sentence by sentence, each with its source.
 *
 * Sentences come in the order of the questions and, within one, of the documents. What the documents
 * do not answer is said last and plainly; it is never left out.
 */

import {
  type CallOptions,
  type DocumentPart,
  type Model,
  type Part,
  titleSeparator,
} from 'troupe/agents'
import { TroupeError } from 'troupe/contract'
import type { SourceLines } from './citation.ts'
import type { Evidence, Finding } from './reason.ts'

/** A piece of the answer. Plain data (T5), so that it can be a stream's item. */
export type AnswerPart =
  | { readonly kind: 'sentence'; readonly text: string; readonly sources: readonly SourceLines[] }
  | { readonly kind: 'unanswered'; readonly question: string }

const system =
  'Write the answer from the numbered statements, in their order, without repeating what was said. ' +
  'Use nothing else, and cite the statement behind each sentence.'

/** The answer's parts as they come. Leaving the loop stops the model. */
export async function* synthesize(
  model: Model,
  findings: readonly Finding[],
  options: CallOptions = {},
): AsyncGenerator<AnswerPart> {
  const statements = findings.flatMap(({ evidence }) => inDocumentOrder(evidence))
  if (statements.length > 0) yield* spoken(model, findings, statements, options)
  for (const { question, evidence } of findings) {
    if (evidence.length === 0) yield { kind: 'unanswered', question }
  }
}

async function* spoken(
  model: Model,
  findings: readonly Finding[],
  statements: readonly Evidence[],
  options: CallOptions,
): AsyncGenerator<AnswerPart> {
  const questions = findings.map(({ question }) => question).join('\n')
  const parts: readonly Part[] = [...statements.map(toDocument), { type: 'text', text: questions }]
  const request = {
    purpose: 'synthesize',
    system,
    messages: [{ role: 'user' as const, parts }],
    maxOutputTokens: 2_048,
    temperature: 0,
  }
  for await (const chunk of model.stream(request, options)) {
    if (chunk.type === 'end') return
    // What was said is void, and was said already: the turn that asked begins again.
    if (chunk.type === 'restarted') break
    if (chunk.type !== 'text') continue
    const cited = chunk.part.citations?.flatMap(
      ({ document }) => statements[Number(document)] ?? [],
    )
    if (cited === undefined || cited.length === 0) continue
    yield { kind: 'sentence', text: chunk.part.text, sources: cited.map(toSource) }
  }
  throw new TroupeError('STREAM_BROKEN', 'The model stream ended before its end; ask again.')
}

/** By file in the order in which the files were ranked, then by line. */
function inDocumentOrder(evidence: readonly Evidence[]): readonly Evidence[] {
  const files = [...new Set(evidence.map(({ file }) => file))]
  return evidence.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.startLine - b.startLine,
  )
}

const toDocument = (statement: Evidence, index: number): DocumentPart => ({
  type: 'document',
  id: String(index),
  title: [statement.file, ...statement.headings].join(titleSeparator),
  text: statement.text,
})

const toSource = ({ file, startLine, endLine }: Evidence): SourceLines => ({
  file,
  startLine,
  endLine,
})
