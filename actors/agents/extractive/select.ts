/**
 * Which sentences of some passages answer a question, and whether any does.
 *
 * A sentence is worth the share of the question's terms that it, its heading and its surroundings
 * cover, each term weighed by how much it says: rare here, and not common in the language. A term
 * that is found nowhere weighs most, so that a question about something the passages do not speak of
 * stays below the threshold, however many of its other words occur.
 */

import { cueBonus } from './cues.ts'
import { type Sentence, sentencesOf } from './sentences.ts'
import { isFunctionWord, questionTerms, stemsOf, type Term, wordsOf } from './terms.ts'

/** A passage as the model sees it. `title` is its file and headings, joined by `titleSeparator`. */
export interface Source {
  readonly id: string
  readonly title: string
  readonly text: string
}

/** A sentence chosen as an answer. */
export interface Selected extends Sentence {
  readonly source: string
  /** The share of the question that is covered, 0 to 1; comparable between questions. */
  readonly coverage: number
  /** Coverage and what speaks for the sentence besides; comparable within one question. */
  readonly score: number
}

/** What a term's place is worth, best place first. */
const placeWeights = {
  sentence: 1,
  heading: 1,
  title: 0.85,
  lead: 0.7,
  neighbour: 0.5,
  passage: 0.3,
}
/** Most that a heading adds which speaks of nothing but what is asked. */
const headingBonus = 0.12
/** What a term that no passage has weighs, against 1 for one that all have. */
const unseenRarity = 2.4
/** What is left of a passage's coverage for each name in the question that it never mentions. */
const unnamedShare = 2 / 3
/** What the first passage has over the others: they come best first. */
const rankBonus = 0.1

/** Between what answered and unanswered questions reach in the knowledge-base example; see its README. */
export const answerThreshold = 0.57
/** Sentences below this share of the best one's score are not worth adding to it. */
const companionShare = 0.8

/** Between the parts of a title, the innermost heading last. */
export const titleSeparator = ' › '

interface Candidate {
  readonly sentence: Sentence
  readonly stems: ReadonlySet<string>
  readonly lead: ReadonlySet<string>
}

interface Scanned {
  readonly source: Source
  /** Of the whole title, and of its innermost heading. */
  readonly title: ReadonlySet<string>
  readonly heading: ReadonlySet<string>
  readonly all: ReadonlySet<string>
  readonly candidates: readonly Candidate[]
}

/**
 * The best sentences, best first; none when the passages hold no answer.
 *
 * @param limit most sentences returned
 */
export function select(
  question: string,
  sources: readonly Source[],
  limit: number,
): readonly Selected[] {
  const scanned = sources.map(scan)
  const weights = weigh(questionTerms(question), scanned)
  const scored = scanned.flatMap((passage, rank) => scorePassage(question, passage, rank, weights))
  const ranked = scored.filter(saysSomething).sort((a, b) => b.score - a.score)
  if (!ranked.some(({ coverage }) => coverage >= answerThreshold)) return []
  const best = ranked[0]?.score ?? 0
  return ranked.filter(({ score }) => score >= best * companionShare).slice(0, limit)
}

/** A question in a document tells what is near it, and is no answer itself. */
const saysSomething = ({ text }: Sentence): boolean => !/\?["'”’)\]]*$/.test(text)

function scan(source: Source): Scanned {
  const candidates = sentencesOf(source.text).map((sentence) => ({
    sentence,
    stems: new Set(stemsOf(sentence.text)),
    lead: new Set(stemsOf(sentence.lead)),
  }))
  const title = new Set(stemsOf(source.title))
  const heading = new Set(
    wordsOf(source.title.split(titleSeparator).at(-1) ?? '')
      .filter((word) => !isFunctionWord(word))
      .flatMap(stemsOf),
  )
  return { source, title, heading, all: new Set([...title, ...stemsOf(source.text)]), candidates }
}

type Weights = ReadonlyMap<Term, number>

/** Each term's share of the question; the shares add up to 1. */
function weigh(terms: readonly Term[], passages: readonly Scanned[]): Weights {
  const raw = terms.map((term) => term.prior * rarity(term, passages))
  const total = raw.reduce((sum, weight) => sum + weight, 0)
  return new Map(terms.map((term, index) => [term, (raw[index] ?? 0) / total]))
}

/** From 1 for what every passage has; what none has says most, however few passages there are. */
function rarity(term: Term, passages: readonly Scanned[]): number {
  const having = passages.filter(({ all }) => has(all, term)).length
  return having === 0 ? unseenRarity : 1 + Math.log((passages.length + 1) / (having + 1)) * 0.65
}

function scorePassage(
  question: string,
  passage: Scanned,
  rank: number,
  weights: Weights,
): readonly Selected[] {
  const terms = [...weights.keys()]
  const unnamed = terms.filter((term) => term.name && !has(passage.all, term)).length
  const named = unnamedShare ** unnamed
  const standing = rankBonus / (rank + 1) + headingBonus * shareAsked(passage.heading, terms)
  return passage.candidates.map((candidate, index) => {
    const around = [passage.candidates[index - 1], passage.candidates[index + 1]]
    const places = terms.map((term) => place(term, candidate, around, passage))
    const coverage =
      named * sum(terms.map((term, at) => (weights.get(term) ?? 0) * (places[at] ?? 0)))
    const score = coverage + standing + cueBonus(question, candidate.sentence.text)
    return { ...candidate.sentence, source: passage.source.id, coverage, score }
  })
}

/** How much of a heading the question's terms make up, 0 to 1. */
function shareAsked(heading: ReadonlySet<string>, terms: readonly Term[]): number {
  const asked = terms.filter((term) => has(heading, term)).length
  return heading.size === 0 ? 0 : Math.min(1, asked / heading.size)
}

function place(
  term: Term,
  candidate: Candidate,
  around: readonly (Candidate | undefined)[],
  passage: Scanned,
): number {
  if (has(candidate.stems, term)) return placeWeights.sentence
  if (has(passage.heading, term)) return placeWeights.heading
  if (has(passage.title, term)) return placeWeights.title
  if (has(candidate.lead, term)) return placeWeights.lead
  if (around.some((other) => other !== undefined && has(other.stems, term)))
    return placeWeights.neighbour
  return has(passage.all, term) ? placeWeights.passage : 0
}

const has = (stems: ReadonlySet<string>, term: Term): boolean =>
  stems.has(term.stem) || (term.parts.length > 0 && term.parts.every((part) => stems.has(part)))

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
