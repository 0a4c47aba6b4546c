/** Plain text to blocks: paragraphs between blank lines, without headings. */

import type { Block } from './block.ts'

/** See the head of this file. */
export function readPlainText(text: string): readonly Block[] {
  const blocks: Block[] = []
  let open: string[] = []
  for (const [index, line] of [...text.split('\n'), ''].entries()) {
    if (line.trim() !== '') open.push(line)
    else {
      if (open.length > 0) blocks.push(paragraph(index - open.length + 1, open))
      open = []
    }
  }
  return blocks
}

const paragraph = (startLine: number, lines: readonly string[]): Block => ({
  section: 0,
  headings: [],
  startLine,
  text: lines.join('\n'),
  atomic: false,
})
