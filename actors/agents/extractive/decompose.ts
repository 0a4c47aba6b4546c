/**
 * A question to the questions it is made of, by rules of English: several question marks, `and how`,
 * `the difference between A and B`. What no rule fits stays one question, word for word.
 */

import { oneLine } from './inline.ts'
import { isFunctionWord, namesSomething, wordsOf } from './terms.ts'

const asks =
  'how|what|why|when|where|which|who|whose|does|do|did|is|are|was|were|can|could|should|will|would|in which|at which|to which|for which'
const conjunction = new RegExp(
  String.raw`\s*[,;]?\s+(?:and|but|or)\s+(?:also\s+)?(?=(?:${asks})\s)`,
  'i',
)
const comparison =
  /\b(?:differences?\s+between|compare|comparison\s+(?:of|between))\s+(.+?)\s+(?:and|with|to|versus)\s+(.+?)(\s+(?:in|of|for|with|when)\s+.+?)?\s*\?*$/i
const versus = /^(.+?)\s+(?:vs\.?|versus)\s+(.+?)\s*\?*$/i
const pronoun = /\b(?:it|its|they|them|their|this|these|those|that one|the latter)\b/i

/** One or more questions; never none for a question that has words. */
export function decompose(question: string): readonly string[] {
  const parts = sentences(question).flatMap(conjuncts)
  const [first = question] = parts
  const complete = parts.map((part, index) => (index === 0 ? part : withSubject(part, first)))
  const all = complete.flatMap(compared)
  return all.length > 1 ? all : [oneLine(question)]
}

const sentences = (question: string): readonly string[] =>
  (oneLine(question).match(/[^?]+\?*/g) ?? []).map((part) => part.trim()).filter(hasWords)

/** A conjunct that says nothing by itself (`and why?`) stays with the one before it. */
function conjuncts(question: string): readonly string[] {
  const parts = question.split(conjunction)
  return parts.every(saysSomething) ? parts.map(asQuestion) : [question]
}

function compared(question: string): readonly string[] {
  const [, first, second, scope = ''] = comparison.exec(question) ?? versus.exec(question) ?? []
  if (first === undefined || second === undefined) return [question]
  return [first, second].map((side) => `What is ${side.replace(/^the\s+/i, '')}${scope}?`)
}

/** A part that points back names what it points to, taken from the first part. */
function withSubject(part: string, first: string): string {
  const subject = wordsOf(first).filter((word) => !isFunctionWord(word))
  if (subject.length === 0 || !pointsBack(part)) return part
  return `${part.replace(/\?+$/, '')} (${subject.join(' ')})?`
}

/** `how does it end` does, `the order in which they were added` has its own subject before `they`. */
function pointsBack(part: string): boolean {
  const at = part.search(pronoun)
  return at === -1 ? !namesSomething(part) : !saysSomething(part.slice(0, at))
}

const asQuestion = (part: string): string => `${part.replace(/[\s?,;]+$/, '')}?`

const hasWords = (part: string): boolean => wordsOf(part).length > 0

const saysSomething = (part: string): boolean => wordsOf(part).some((word) => !isFunctionWord(word))
