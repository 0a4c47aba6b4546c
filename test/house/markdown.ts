/**
 * Finds the code blocks of a Markdown page and reads what their fence says about them.
 *
 * A fence line is a language, then words and `name=value` pairs: ```` ```ts file=app.ts run ````.
 * A comment `<!-- given ... -->` right before a fence holds lines that belong to the block and that
 * the page does not show.
 */

export interface Block {
  /** The page, relative to the root. */
  readonly page: string
  /** The line of the block's first line of text, counted from 1. */
  readonly line: number
  readonly language: string
  /** `file=app.ts` is `file: 'app.ts'`, a bare `run` is `run: ''`. */
  readonly attributes: Readonly<Record<string, string>>
  /** Hidden lines that come before the text, each ended by a newline; empty when there are none. */
  readonly given: string
  readonly text: string
}

const fence = /^(?<indent> *)(?<ticks>`{3,}|~{3,})(?<info>[^`]*)$/

/** The code blocks of a page, in order. Throws when a fence is never closed. */
export function blocksOf(page: string, markdown: string): Block[] {
  const lines = markdown.split('\n')
  const blocks: Block[] = []
  let given = ''
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] as string
    if (line.trim() === '<!-- given') {
      const end = find(lines, at, (one) => one.trim() === '-->', `${page}:${at + 1}: <!-- given`)
      given = lines
        .slice(at + 1, end)
        .map((one) => `${one}\n`)
        .join('')
      at = end
      continue
    }
    const opening = fence.exec(line)?.groups
    if (opening === undefined) {
      if (line.trim() !== '') given = ''
      continue
    }
    const { indent = '', ticks = '', info = '' } = opening
    const end = find(lines, at, (one) => closes(one, ticks), `${page}:${at + 1}: the fence`)
    const text = lines
      .slice(at + 1, end)
      .map((one) => `${withoutIndent(one, indent)}\n`)
      .join('')
    blocks.push({ page, line: at + 2, ...readInfo(info), given, text })
    given = ''
    at = end
  }
  return blocks
}

function find(
  lines: readonly string[],
  from: number,
  isEnd: (line: string) => boolean,
  what: string,
): number {
  const end = lines.findIndex((line, index) => index > from && isEnd(line))
  if (end < 0) throw new Error(`${what} is never closed`)
  return end
}

function closes(line: string, ticks: string): boolean {
  const text = line.trim()
  return text.startsWith(ticks) && text === (ticks[0] as string).repeat(text.length)
}

function withoutIndent(line: string, indent: string): string {
  return line.startsWith(indent) ? line.slice(indent.length) : line.trimStart()
}

function readInfo(info: string): Pick<Block, 'language' | 'attributes'> {
  const [language = '', ...words] = info.trim().split(/\s+/)
  const pairs = words.map((word) => {
    const [name = '', value = ''] = word.split('=', 2)
    return [name, value] as const
  })
  return { language, attributes: Object.fromEntries(pairs) }
}
