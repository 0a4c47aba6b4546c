/**
 * Blocks to chunks: pieces of at most about {@link targetChars}, each under one heading.
 *
 * Invariants
 * 1. A chunk never crosses a heading.
 * 2. An atomic block (a fence) is never cut; it may make a larger chunk.
 * 3. `startLine` plus the number of `\n` in the text is `endLine`; gaps between blocks are kept as
 *    line ends.
 */

import type { ChunkRecord } from 'troupe/persistence'
import { type Block, lastLine, softBreak } from './block.ts'

/** Characters. Small enough to cite precisely, large enough to hold a thought with its context. */
export const targetChars = 900

/** Raise when the same file would be cut differently: every index is then built anew. */
export const cutterVersion = 1

/** Cuts a document's blocks, given in order. */
export function cutIntoChunks(blocks: readonly Block[]): readonly ChunkRecord[] {
  const chunks: ChunkRecord[] = []
  let open: Block | undefined
  for (const block of blocks.flatMap(cutBlock)) {
    if (open !== undefined && fits(open, block)) open = joined(open, block)
    else {
      if (open !== undefined) chunks.push(toChunk(open))
      open = block
    }
  }
  if (open !== undefined) chunks.push(toChunk(open))
  return chunks
}

const fits = (open: Block, next: Block): boolean =>
  open.section === next.section &&
  open.text.length + between(open, next).length + next.text.length <= targetChars

const joined = (open: Block, next: Block): Block => ({
  ...open,
  text: open.text + between(open, next) + next.text,
})

/** As many line ends as the document has there; none on one line, where a soft break stands. */
function between(open: Block, next: Block): string {
  const gap = next.startLine - lastLine(open.startLine, open.text)
  return gap > 0 ? '\n'.repeat(gap) : softBreak
}

const toChunk = (block: Block): ChunkRecord => ({
  startLine: block.startLine,
  endLine: lastLine(block.startLine, block.text),
  headings: block.headings,
  text: block.text,
})

/** A long block at line ends, a long line at spaces, a long word anywhere. */
function cutBlock(block: Block): readonly Block[] {
  if (block.atomic || block.text.length <= targetChars) return [block]
  const pieces: Block[] = []
  let from = 0
  let startLine = block.startLine
  while (from < block.text.length) {
    const to = cutPoint(block.text, from)
    const text = block.text.slice(from, to)
    if (text.trim() !== '') pieces.push({ ...block, startLine, text })
    startLine = lastLine(startLine, text) + (block.text[to] === '\n' ? 1 : 0)
    from = /\s/.test(block.text[to] ?? '') ? to + 1 : to
  }
  return pieces
}

function cutPoint(text: string, from: number): number {
  if (text.length - from <= targetChars) return text.length
  const window = text.slice(from, from + targetChars + 1)
  const at = [window.lastIndexOf('\n'), window.lastIndexOf(softBreak), window.lastIndexOf(' ')]
  const best = at.find((index) => index > targetChars / 3)
  return from + (best ?? withoutSplitPair(window, targetChars))
}

/** One less where the cut would part a surrogate pair. */
function withoutSplitPair(window: string, at: number): number {
  return /[\uD800-\uDBFF]/.test(window[at - 1] ?? '') ? at - 1 : at
}
