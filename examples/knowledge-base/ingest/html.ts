/**
 * HTML to blocks. The text of a block is inline Markdown, so that one sentence splitter serves all
 * formats: characters that Markdown would read are escaped, `code` is in backticks, `pre` is a fence.
 *
 * Written by hand, on `html-tokens.ts`: nothing here needs the tree that a parser builds, only which
 * tags break lines and which are headings.
 */

import { decodeEntities, oneLine, plainText } from 'troupe/agents'
import { type Block, lineEnds, softBreak } from './block.ts'
import { HeadingPath } from './heading-path.ts'
import { type HtmlToken, htmlTokens } from './html-tokens.ts'

const breaking: ReadonlySet<string> = new Set(
  (
    'address article aside blockquote body center dd details dialog dir div dl dt fieldset ' +
    'figcaption figure footer form head header hgroup hr html legend li main menu nav ol optgroup ' +
    'option p pre section summary table tbody td tfoot th thead title tr ul h1 h2 h3 h4 h5 h6'
  ).split(' '),
)
/** Cells break nothing: a row is read as one line. */
const cells: ReadonlySet<string> = new Set(['td', 'th'])
const markdownSigns = /[\\`*_[\]#]/g
const protectedSigns: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** See the head of this file. */
export function readHtml(html: string): readonly Block[] {
  const reader = new HtmlReader()
  for (const token of htmlTokens(html)) reader.take(token)
  return reader.finish()
}

class HtmlReader {
  readonly #path = new HeadingPath()
  readonly #blocks: Block[] = []
  /** Text of the open block, with all line ends since it was opened. */
  #text = ''
  /** The line on which `#text` begins, and the one on which the next token begins. */
  #firstLine = 1
  #line = 1
  /** Inside `pre`: text is kept as it is and becomes a fence. */
  #preformatted = false
  #code = false

  take(token: HtmlToken): void {
    switch (token.kind) {
      case 'text':
        this.#text +=
          this.#preformatted || this.#code ? verbatim(token.source) : prose(token.source)
        break
      case 'gap':
        this.#keepLineEnds(token.source)
        break
      case 'open':
        this.#open(token.name)
        this.#keepLineEnds(token.source)
        break
      case 'close':
        this.#keepLineEnds(token.source)
        this.#close(token.name)
        break
      default:
        token satisfies never
    }
    this.#line += lineEnds(token.source)
    if (this.#text === '') this.#firstLine = this.#line
  }

  finish(): readonly Block[] {
    this.#endBlock()
    return this.#blocks
  }

  #keepLineEnds(source: string): void {
    this.#text += '\n'.repeat(lineEnds(source))
  }

  #open(name: string): void {
    if (cells.has(name)) this.#text += ' | '
    else if (name === 'br') this.#text += softBreak
    else if (name === 'code') this.#backtick(true)
    else if (breaking.has(name)) this.#startBlock(name)
  }

  #close(name: string): void {
    if (name === 'code') this.#backtick(false)
    else if (isHeading(name)) this.#enter(Number(name[1]))
    else if (name === 'title') this.#enter(0)
    else if (breaking.has(name) && !cells.has(name)) this.#endBlock()
    if (name === 'pre') this.#preformatted = false
  }

  #startBlock(name: string): void {
    this.#endBlock()
    this.#preformatted = name === 'pre'
    if (name === 'li') this.#text = '- '
  }

  #backtick(code: boolean): void {
    if (this.#preformatted || this.#code === code) return
    this.#code = code
    this.#text += '`'
  }

  #enter(level: number): void {
    this.#path.enter(level, oneLine(plainText(this.#text)))
    this.#text = ''
  }

  #endBlock(): void {
    if (this.#code) this.#backtick(false)
    const text = this.#text.trim()
    const before = this.#text.slice(0, this.#text.indexOf(text))
    if (text !== '' && text !== '-') this.#emit(this.#firstLine + lineEnds(before), text)
    this.#text = ''
    this.#firstLine = this.#line
  }

  #emit(startLine: number, text: string): void {
    const atomic = this.#preformatted
    const { section, headings } = this.#path
    this.#blocks.push({ section, headings, startLine, text: atomic ? fenced(text) : text, atomic })
  }
}

const isHeading = (name: string): boolean => /^h[1-6]$/.test(name)

const fenced = (code: string): string => `\`\`\`${softBreak}${code}${softBreak}\`\`\``

const verbatim = (source: string): string =>
  decodeEntities(source.replace(/&(amp|lt|gt);/g, '\uE002$1;')).replaceAll('\uE002', '&')

/** `&`, `<` and `>` stay references, or what was written as text would be read as a tag later. */
const prose = (source: string): string =>
  verbatim(source)
    .replace(markdownSigns, (sign) => `\\${sign}`)
    .replace(/[<>]/g, (sign) => protectedSigns[sign] ?? sign)
