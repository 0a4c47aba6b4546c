/** How high retrieval alone ranks the expected sections: what the choice of tokenizer rests on. */

import { extractiveModel, type Passage, type Retriever } from 'troupe/agents'
import { decomposeQuestion } from '../answer/decompose.ts'
import type { QuestionSet, Section } from './question.ts'

/** Figures over all parts of all answerable questions. */
export interface RetrievalScore {
  /** Shares, 0 to 1, of parts with an expected section first, and among the first three. */
  readonly first: number
  readonly amongThree: number
  /** Mean of 1 / rank. */
  readonly reciprocalRank: number
}

/** A question of fewer parts than expected groups is searched whole for the groups that are left. */
export async function scoreRetrieval(
  set: QuestionSet,
  retriever: Retriever,
): Promise<RetrievalScore> {
  const ranks: number[] = []
  for (const { question, expected } of set.answerable) {
    const parts = await decomposeQuestion(extractiveModel(), question)
    for (const [index, group] of expected.entries()) {
      ranks.push(rankOf(group, await retriever.search(parts[index] ?? question)))
    }
  }
  return {
    first: share(ranks, (rank) => rank === 1),
    amongThree: share(ranks, (rank) => rank <= 3),
    reciprocalRank: ranks.reduce((sum, rank) => sum + 1 / rank, 0) / ranks.length,
  }
}

/** From 1; infinite when none is found. */
function rankOf(group: readonly Section[], passages: readonly Passage[]): number {
  const at = passages.findIndex((passage) =>
    group.some(({ file, heading }) => file === passage.file && heading === passage.headings.at(-1)),
  )
  return at === -1 ? Number.POSITIVE_INFINITY : at + 1
}

const share = (ranks: readonly number[], fits: (rank: number) => boolean): number =>
  ranks.filter(fits).length / ranks.length
