/**
 * HTML source to tokens. Every character of the source is in exactly one token's `source`, in
 * order, so that whoever reads the tokens can count lines.
 *
 * Follows the tokenizer of the HTML standard as far as text extraction needs it: comments,
 * declarations, quoted attributes, raw text elements. It builds no tree; unclosed and stray tags
 * are tokens like all others. Malformed input never fails: a `<` that starts nothing is text.
 */

/** A token of HTML; `gap` is what no reader sees. */
export type HtmlToken =
  | { readonly kind: 'text' | 'gap'; readonly source: string }
  | { readonly kind: 'open' | 'close'; readonly name: string; readonly source: string }

const tagName = /^<(\/?)([a-z][^\s/>]*)/i
const rawText: ReadonlySet<string> = new Set([
  'script',
  'style',
  'template',
  'noscript',
  'svg',
  'math',
  'iframe',
  'select',
])

/** See the head of this file. */
export function* htmlTokens(html: string): Generator<HtmlToken> {
  let at = 0
  while (at < html.length) {
    const token = html[at] === '<' ? markup(html, at) : text(html, at)
    yield token
    at += token.source.length
    if (token.kind === 'open' && rawText.has(token.name)) {
      const source = untilClosed(html, at, token.name)
      yield { kind: 'gap', source }
      at += source.length
    }
  }
}

/** At least one character, so that a stray `<` is passed over. */
function text(html: string, at: number): HtmlToken {
  const next = html.indexOf('<', at + 1)
  return { kind: 'text', source: html.slice(at, next === -1 ? html.length : next) }
}

function markup(html: string, at: number): HtmlToken {
  if (html.startsWith('<!--', at)) return gap(html, at, '-->')
  if (html.startsWith('<![CDATA[', at)) return gap(html, at, ']]>')
  if (html.startsWith('<!', at) || html.startsWith('<?', at)) return gap(html, at, '>')
  const match = tagName.exec(html.slice(at, at + 64))
  if (match === null) return text(html, at)
  const kind = match[1] === '/' ? 'close' : 'open'
  return { kind, name: match[2]?.toLowerCase() ?? '', source: html.slice(at, tagEnd(html, at)) }
}

/** What is not closed runs to the end, as browsers have it. */
function gap(html: string, at: number, end: string): HtmlToken {
  const found = html.indexOf(end, at)
  return { kind: 'gap', source: html.slice(at, found === -1 ? html.length : found + end.length) }
}

/** The index after the `>` that no quoted attribute value holds. */
function tagEnd(html: string, from: number): number {
  let at = from
  while (at < html.length) {
    const char = html[at]
    if (char === '>') return at + 1
    at = opensValue(html, at) ? afterQuote(html, at) : at + 1
  }
  return at
}

/** A quote opens a value only after `=`; elsewhere it is a typing mistake. */
function opensValue(html: string, at: number): boolean {
  if (html[at] !== '"' && html[at] !== "'") return false
  let before = at - 1
  while (before > 0 && /\s/.test(html[before] ?? '')) before--
  return html[before] === '='
}

function afterQuote(html: string, at: number): number {
  const end = html.indexOf(html[at] ?? '', at + 1)
  return end === -1 ? html.length : end + 1
}

function untilClosed(html: string, at: number, name: string): string {
  const closing = new RegExp(`</${name}(?=[\\s/>])`, 'gi')
  closing.lastIndex = at
  return html.slice(at, closing.exec(html)?.index ?? html.length)
}
