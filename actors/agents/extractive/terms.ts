/**
 * Words as the extractive model compares them: folded, stemmed, compounds kept whole and in parts.
 *
 * Function words carry no weight in scoring, and only there: nothing is ever taken out of a
 * question or a document.
 */

import { porterStem } from './porter.ts'
import { baseForms, commonWords, functionWords } from './word-lists.ts'

/** A word to look for. A compound (`fast-check`, `Node.js`) is found whole or by all its parts. */
export interface Term {
  readonly stem: string
  readonly parts: readonly string[]
  /** How much the word says in any text, 0 to 1; the rest is left to how rare it is here. */
  readonly prior: number
  /** Whether it names one thing (`Comlink`, `maxQueue`): what never mentions it is not about it. */
  readonly name: boolean
}

const word = /[\p{L}\p{N}_]+(?:[-.’'][\p{L}\p{N}_]+)*/gu
const commonPrior = 0.45
const commonStems: ReadonlySet<string> = new Set([...commonWords].map(stem))

/** The terms of a question that say what it is about, each once, in order. */
export function questionTerms(question: string): readonly Term[] {
  const terms = new Map<string, Term>()
  for (const [index, raw] of wordsOf(question).entries()) {
    const lower = fold(raw)
    if (functionWords.has(lower)) continue
    const term = toTerm(lower, isName(raw, index))
    if (!terms.has(term.stem)) terms.set(term.stem, term)
  }
  return [...terms.values()]
}

/** All stems of a text, with how often each occurs: words, parts of compounds and of camelCase. */
export function stemsOf(text: string): readonly string[] {
  return wordsOf(text).flatMap(stemsOfWord)
}

/** Words as written. */
export const wordsOf = (text: string): readonly string[] => text.match(word) ?? []

/** Whether a text names something: has a word that is neither of grammar nor of any subject. */
export const namesSomething = (text: string): boolean =>
  questionTerms(text).some(({ prior }) => prior === 1)

/** Whether a word says nothing by itself. */
export const isFunctionWord = (raw: string): boolean => functionWords.has(fold(raw))

function stemsOfWord(raw: string): readonly string[] {
  const whole = stem(fold(raw))
  const parts = raw
    .split(/[-.’'_]/)
    .flatMap((part) => [part, ...camelParts(part)])
    .map((part) => stem(fold(part)))
    .filter((part) => part !== '' && part !== whole)
  return parts.length === 0 ? [whole] : [whole, ...parts]
}

const camelParts = (part: string): readonly string[] =>
  /\p{Ll}\p{Lu}/u.test(part) ? part.split(/(?<=\p{Ll})(?=\p{Lu})/u) : []

function toTerm(lower: string, name: boolean): Term {
  const parts = lower.split(/[-.’'_]/).filter((part) => part !== '' && !functionWords.has(part))
  return {
    stem: stem(lower),
    parts: parts.length > 1 ? parts.map(stem) : [],
    prior: commonStems.has(stem(lower)) ? commonPrior : 1,
    name,
  }
}

/** By its capitals: inside a word anywhere, at its beginning anywhere but in front. */
const isName = (raw: string, index: number): boolean =>
  /\p{Ll}\p{Lu}|\p{Lu}{2}/u.test(raw) || (index > 0 && /^\p{Lu}/u.test(raw))

/** Case, accents and British `-ise` are spelling, not meaning. */
function fold(raw: string): string {
  const plain = raw
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[’']s$/, '')
  return plain.replace(/is(e[ds]?|ing|ations?)$/, 'iz$1')
}

/** The base form's stem: words that share it mostly share a meaning. */
function stem(word: string): string {
  return porterStem(baseForms.get(word) ?? word)
}
