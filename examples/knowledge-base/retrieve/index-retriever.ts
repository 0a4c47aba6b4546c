/**
 * The Retriever port over a full-text index: chooses the words to look for, and makes passages of
 * chunks that stand side by side.
 */

import {
  isFunctionWord,
  type Passage,
  type Retriever,
  type SearchOptions,
  wordsOf,
} from 'troupe/agents'
import { TroupeError } from 'troupe/contract'
import type { ChunkMatch, FullTextIndex } from 'troupe/persistence'
import { softBreak } from '../ingest/block.ts'

/** Passages returned when the caller does not say. */
export const defaultLimit = 8
/** Chunks asked for each passage wanted, since some will be merged. */
const chunksPerPassage = 3

/** See the head of this file. The index stays the caller's to close. */
export function indexRetriever(index: FullTextIndex): Retriever {
  return {
    async search(query: string, options: SearchOptions = {}): Promise<readonly Passage[]> {
      stopIfAborted(options.signal)
      const limit = options.limit ?? defaultLimit
      const matches = index.search(searchWords(query), limit * chunksPerPassage)
      return mergeNeighbours(matches).slice(0, limit)
    },
  }
}

/**
 * Words of grammar are not searched for, since BM25 would rank a rare `whose` high. They stay in
 * the question that the model reads. A question of nothing else is searched as it is.
 */
function searchWords(query: string): readonly string[] {
  const words = wordsOf(query)
  const telling = words.filter((word) => !isFunctionWord(word))
  return [...new Set(telling.length > 0 ? telling : words)]
}

/** Matches that follow each other in one section become one passage with the better score. */
export function mergeNeighbours(matches: readonly ChunkMatch[]): readonly Passage[] {
  const inOrder = matches.toSorted((a, b) => compare(a.path, b.path) || a.ordinal - b.ordinal)
  const passages: Passage[] = []
  let previous: ChunkMatch | undefined
  for (const match of inOrder) {
    const open = passages.at(-1)
    if (open !== undefined && previous !== undefined && follows(previous, match)) {
      passages[passages.length - 1] = extended(open, match)
    } else passages.push(toPassage(match))
    previous = match
  }
  return passages.sort((a, b) => b.score - a.score)
}

const follows = (before: ChunkMatch, match: ChunkMatch): boolean =>
  before.path === match.path &&
  before.ordinal + 1 === match.ordinal &&
  before.headings.join('\n') === match.headings.join('\n')

function extended(passage: Passage, match: ChunkMatch): Passage {
  const gap = match.startLine - passage.endLine
  return {
    ...passage,
    endLine: match.endLine,
    score: Math.max(passage.score, match.score),
    text: passage.text + (gap > 0 ? '\n'.repeat(gap) : softBreak) + match.text,
  }
}

const toPassage = ({ path, startLine, endLine, headings, score, text }: ChunkMatch): Passage => ({
  file: path,
  startLine,
  endLine,
  headings,
  score,
  text,
})

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return
  throw new TroupeError('CANCELLED', 'The search was aborted by its signal.', {
    cause: signal.reason,
  })
}
