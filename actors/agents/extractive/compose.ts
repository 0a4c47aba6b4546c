/** Chosen sentences to an answer: in the order of the questions and the documents, without repeats. */

import { stemsOf } from './terms.ts'

/** A sentence with the place in the request's order of documents that it came from. */
export interface Evidence {
  readonly text: string
  readonly document: string
  readonly lines: number
}

/** From this overlap of words on, two sentences say the same. */
const sameness = 0.8

/** Drops a sentence that says what an earlier one says; the order stays. */
export function withoutRepeats(evidence: readonly Evidence[]): readonly Evidence[] {
  const kept: { readonly item: Evidence; readonly stems: ReadonlySet<string> }[] = []
  for (const item of evidence) {
    const stems = new Set(stemsOf(item.text))
    if (!kept.some((other) => overlap(stems, other.stems) >= sameness)) kept.push({ item, stems })
  }
  return kept.map(({ item }) => item)
}

/** Shared words over all words (Jaccard). */
function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = [...a].filter((stem) => b.has(stem)).length
  return shared / Math.max(1, a.size + b.size - shared)
}
