/**
 * A passage's prose as sentences, each with the lines it stands on. Code, tables' rules, link
 * definitions and headings are no sentences.
 *
 * Invariant: the words of a sentence are, in order, the visible words of its lines.
 */

import { oneLine, plainText } from './inline.ts'

/** A sentence, a list item or a table row, as plain text. */
export interface Sentence {
  readonly text: string
  /** Lines of the passage, 0-based, inclusive. */
  readonly firstLine: number
  readonly lastLine: number
  /** The sentence that introduces the list it stands in, or empty. */
  readonly lead: string
}

interface Piece {
  readonly text: string
  readonly line: number
}

const fence = /^\s*(?:`{3,}|~{3,})/
const nothing =
  /^\s*(?:$|#{1,6}(?:\s|$)|(?:[-*_]\s*){3,}$|=+\s*$|\[[^\]]+\]:\s|\[![A-Z]+\]\s*$|\|?[\s:|-]*-{2,}[\s:|-]*$)/
const listMarker = /^\s*(?:[-*+•✔✓]|\d{1,9}[.)])\s+/
const tableRow = /^\s*\|.*\||^[^|]+\|[^|]+\|/
const quoteMarker = /^\s*(?:>\s?)+/
const sentenceEnd = /[.!?…]+["'”’)\]]*(?=\s)/g
const abbreviation =
  /(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|approx|incl|resp|no|fig|sec|dr|mr|mrs|st)\.$/i

/** See the head of this file. The passage's lines end in `\n`, breaks inside a line in U+2029. */
export function sentencesOf(passage: string): readonly Sentence[] {
  const splitter = new Splitter()
  for (const piece of piecesOf(passage)) splitter.take(piece)
  return splitter.finish()
}

function piecesOf(passage: string): readonly Piece[] {
  return passage
    .split('\n')
    .flatMap((text, line) => text.split('\u2029').map((part) => ({ text: part, line })))
}

class Splitter {
  readonly #sentences: Sentence[] = []
  #open: Piece[] = []
  #inFence = false
  /** Whether the open paragraph is a list item. */
  #inList = false
  #lead = ''

  take(piece: Piece): void {
    const text = piece.text.replace(quoteMarker, '')
    if (fence.test(text)) this.#toggleFence()
    else if (this.#inFence) return
    else if (nothing.test(text)) this.#close()
    else if (listMarker.test(text)) this.#item({ ...piece, text: text.replace(listMarker, '') })
    else if (tableRow.test(text)) this.#row({ ...piece, text: text.replace(/^\s*\||\|\s*$/g, '') })
    else this.#continue({ ...piece, text })
  }

  finish(): readonly Sentence[] {
    this.#close()
    return this.#sentences
  }

  #toggleFence(): void {
    this.#close()
    this.#inFence = !this.#inFence
  }

  #item(piece: Piece): void {
    this.#close()
    this.#inList = true
    this.#open = [piece]
  }

  #row(piece: Piece): void {
    this.#close()
    this.#inList = false
    this.#open = [piece]
    this.#close()
  }

  #continue(piece: Piece): void {
    if (this.#open.length === 0) this.#inList = /^\s{2,}/.test(piece.text) && this.#lead !== ''
    this.#open.push(piece)
  }

  #close(): void {
    const from = this.#sentences.length
    if (this.#open.length > 0) this.#sentences.push(...split(this.#open, this.#currentLead()))
    if (!this.#inList && this.#sentences.length > from) this.#remember(this.#sentences.at(-1))
    this.#open = []
  }

  #currentLead(): string {
    return this.#inList ? this.#lead : ''
  }

  #remember(last: Sentence | undefined): void {
    this.#lead = last?.text.endsWith(':') ? last.text : ''
  }
}

/** The pieces of one paragraph, joined by their line ends, as sentences. */
function split(pieces: readonly Piece[], lead: string): readonly Sentence[] {
  const plain = plainText(joined(pieces))
  const firstLine = pieces[0]?.line ?? 0
  const sentences: Sentence[] = []
  let from = 0
  for (const end of [...endsOf(plain), plain.length]) {
    const sentence = locate(plain, from, end, firstLine, lead)
    if (sentence !== undefined) sentences.push(sentence)
    from = end
  }
  return sentences
}

/** Pieces of one line are joined by a space, so that counting line ends gives the line. */
function joined(pieces: readonly Piece[]): string {
  let text = ''
  let line = pieces[0]?.line ?? 0
  for (const piece of pieces) {
    text += '\n'.repeat(piece.line - line) || (text === '' ? '' : ' ')
    text += piece.text
    line = piece.line
  }
  return text
}

function* endsOf(plain: string): Generator<number> {
  for (const match of plain.matchAll(sentenceEnd)) {
    const end = match.index + match[0].length
    if (!abbreviation.test(plain.slice(Math.max(0, end - 12), end))) yield end
  }
}

function locate(
  plain: string,
  from: number,
  to: number,
  firstLine: number,
  lead: string,
): Sentence | undefined {
  const slice = plain.slice(from, to)
  const text = oneLine(slice)
  if (!/[\p{L}\p{N}]/u.test(text)) return undefined
  const start = from + slice.search(/\S/)
  const end = from + slice.trimEnd().length
  const lineAt = (index: number): number => firstLine + plain.slice(0, index).split('\n').length - 1
  return { text, firstLine: lineAt(start), lastLine: lineAt(end), lead }
}
