/**
 * Markdown to blocks, line by line: front matter, fences, comments, ATX and setext headings, and
 * everything else as paragraphs. Inline markup stays in the text.
 *
 * A hand-written scanner, because it needs only the block structure that bears on headings and on
 * where text may be cut, and must keep every line number. It departs from CommonMark in one place:
 * a fence may be indented by any amount, since lists indent them.
 */

import { oneLine, plainText } from 'troupe/agents'
import type { Block } from './block.ts'
import { HeadingPath } from './heading-path.ts'

const fenceStart = /^[ \t]*(`{3,}|~{3,})([^\n]*)$/
const atxHeading = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/
const closingHashes = /(?:^|[ \t]+)#+[ \t]*$/
const setextUnderline = /^ {0,3}(=+|-+)[ \t]*$/
const notParagraph = /^ {0,3}(?:[-*+>|]|\d{1,9}[.)])(?:[ \t]|$)|^(?: {4}|\t)|\|.*\|/
const frontMatterTitle = /^title:[ \t]*(['"]?)(.+?)\1[ \t]*$/

/** See the head of this file. */
export function readMarkdown(text: string): readonly Block[] {
  return new MarkdownScanner(text.split('\n')).scan()
}

class MarkdownScanner {
  readonly #lines: readonly string[]
  readonly #path = new HeadingPath()
  readonly #blocks: Block[] = []
  /** Index of the next line to look at. */
  #at = 0
  /** Index of the first line of the paragraph that is open; -1 while none is. */
  #paragraph = -1

  constructor(lines: readonly string[]) {
    this.#lines = lines
  }

  scan(): readonly Block[] {
    this.#skipFrontMatter()
    while (this.#at < this.#lines.length) this.#step(this.#line(this.#at))
    this.#closeParagraph()
    return this.#blocks
  }

  #step(line: string): void {
    if (line.trim() === '') this.#blank()
    else if (this.#isFence(line)) this.#fence(line)
    else if (line.trimStart().startsWith('<!--')) this.#comment()
    else if (atxHeading.test(line)) this.#atx(line)
    else if (this.#endsSetext(line)) this.#setext(line)
    else this.#prose()
  }

  #blank(): void {
    this.#closeParagraph()
    this.#at++
  }

  #prose(): void {
    if (this.#paragraph === -1) this.#paragraph = this.#at
    this.#at++
  }

  /** Backticks after a backtick fence make it a code span. */
  #isFence(line: string): boolean {
    const match = fenceStart.exec(line)
    return match !== null && !(match[1]?.startsWith('`') && match[2]?.includes('`'))
  }

  #fence(line: string): void {
    this.#closeParagraph()
    const marker = fenceStart.exec(line)?.[1] ?? ''
    const closing = new RegExp(`^[ \\t]*${marker[0]}{${marker.length},}[ \\t]*$`)
    const end = this.#find(this.#at + 1, (candidate) => closing.test(candidate))
    this.#emit(this.#at, end, true)
    this.#at = end + 1
  }

  #comment(): void {
    this.#closeParagraph()
    const end = this.#find(this.#at, (candidate) => candidate.includes('-->'))
    const rest = this.#line(end).split('-->').at(-1)?.trim() ?? ''
    this.#at = end + 1
    if (rest !== '' && this.#line(end).includes('-->')) this.#paragraph = end
  }

  #atx(line: string): void {
    this.#closeParagraph()
    const [, hashes = '', text = ''] = atxHeading.exec(line) ?? []
    this.#path.enter(hashes.length, heading(text.replace(closingHashes, '')))
    this.#at++
  }

  /** Only a paragraph can be underlined; under a list, a quote or a table it is a rule. */
  #endsSetext(line: string): boolean {
    if (this.#paragraph === -1 || !setextUnderline.test(line)) return false
    return !this.#openLines().some((open) => notParagraph.test(open))
  }

  #setext(line: string): void {
    const level = line.trim().startsWith('=') ? 1 : 2
    this.#path.enter(level, heading(this.#openLines().join(' ')))
    this.#paragraph = -1
    this.#at++
  }

  #skipFrontMatter(): void {
    const marker = this.#line(0).trimEnd()
    if (marker !== '---' && marker !== '+++') return
    const end = this.#find(1, (line) => line.trimEnd() === marker)
    if (end === this.#lines.length - 1 && this.#line(end).trimEnd() !== marker) return
    for (const line of this.#lines.slice(1, end)) this.#title(line)
    this.#at = end + 1
  }

  #title(line: string): void {
    const title = frontMatterTitle.exec(line)?.[2]
    if (title !== undefined) this.#path.enter(0, heading(title))
  }

  #closeParagraph(): void {
    if (this.#paragraph === -1) return
    this.#emit(this.#paragraph, this.#at - 1, false)
    this.#paragraph = -1
  }

  #emit(first: number, last: number, atomic: boolean): void {
    this.#blocks.push({
      section: this.#path.section,
      headings: this.#path.headings,
      startLine: first + 1,
      text: this.#lines.slice(first, last + 1).join('\n'),
      atomic,
    })
  }

  #openLines(): readonly string[] {
    return this.#lines.slice(this.#paragraph, this.#at)
  }

  /** The first line from `from` on that fits, else the last line: what is not closed runs to the end. */
  #find(from: number, fits: (line: string) => boolean): number {
    for (let index = from; index < this.#lines.length; index++) {
      if (fits(this.#line(index))) return index
    }
    return this.#lines.length - 1
  }

  #line(index: number): string {
    return this.#lines[index] ?? ''
  }
}

const heading = (markdown: string): string => oneLine(plainText(markdown))
