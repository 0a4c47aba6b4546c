/** The form of an evaluation question: what is asked, and where the answer stands. */

import type { CorpusFile } from './corpus.ts'

/** A section by its file and its own heading, in plain text as a reader sees it. */
export interface Section {
  readonly file: CorpusFile
  readonly heading: string
}

/**
 * A question that the corpus answers. Every group must be cited by at least one of its sections:
 * a compound question has one group per part, and sections that say the same share a group.
 */
export interface AnswerableQuestion {
  readonly question: string
  readonly expected: readonly (readonly Section[])[]
}

/** Questions with an answer, and plausible ones without. */
export interface QuestionSet {
  readonly answerable: readonly AnswerableQuestion[]
  readonly unanswerable: readonly string[]
}

/** Names sections of one file, for the question lists. */
export const sectionsOf =
  (file: CorpusFile) =>
  (...headings: readonly string[]): readonly Section[] =>
    headings.map((heading) => ({ file, heading }))
