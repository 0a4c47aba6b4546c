/** An answer and an ingest report as lines for a reader. */

import { cite } from '../answer/citation.ts'
import type { AnswerPart } from '../answer/synthesize.ts'
import type { IngestReport } from '../ingest/ingest.ts'

/** Skipped files named one by one; the rest are counted. */
const namedSkips = 5

/** One line: a sentence with its sources, or that there is no answer. */
export function renderPart(part: AnswerPart): string {
  switch (part.kind) {
    case 'sentence':
      return printable(`${part.text} [${part.sources.map(cite).join(', ')}]`)
    case 'unanswered':
      return printable(`The documents hold no answer to: ${part.question}`)
    default:
      return part satisfies never
  }
}

/** What an ingest did, and which files it did not read and why. */
export function renderReport({ indexed, unchanged, removed, skipped }: IngestReport): string {
  const counts = `${indexed} files read, ${unchanged} unchanged, ${removed} removed, ${skipped.length} skipped`
  const named = skipped.slice(0, namedSkips).map(({ path, reason, detail }) => {
    return printable(`  skipped ${path}: ${reason}${detail === '' ? '' : ` (${detail})`}`)
  })
  const rest = skipped.length - named.length
  return [counts, ...named, ...(rest > 0 ? [`  and ${rest} more`] : [])].join('\n')
}

/** Documents and file names may hold control sequences that a terminal would obey. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '')
