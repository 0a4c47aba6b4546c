/**
 * Documents as Bedrock's search results, and back: a line of the document is a block of the result, so
 * a citation of blocks is one of lines. A blank line would be refused and has no block.
 */
import type { ContentBlock, SearchResultLocation } from '@aws-sdk/client-bedrock-runtime'
import type { ModelRequest } from '../model.ts'
import type { Citation, DocumentPart } from '../parts.ts'

/** The documents of a request in the order in which the service numbers them. */
export const documentsOf = ({ messages }: ModelRequest): readonly DocumentPart[] =>
  messages.flatMap(({ parts }) => parts.filter((part) => part.type === 'document'))

/** Documents that can be cited. */
export function searchResult(document: DocumentPart): ContentBlock {
  const lines = document.text.split('\n')
  return {
    searchResult: {
      source: document.id,
      title: document.title ?? document.id,
      content: filled(document.text).map((line) => ({ text: lines[line] as string })),
      citations: { enabled: true },
    },
  }
}

/** The lines of the document that a location means; undefined when it means none. */
export function citationOf(
  { searchResultIndex = -1, start = -1, end = start + 1 }: SearchResultLocation,
  documents: readonly DocumentPart[],
): Citation | undefined {
  const document = documents[searchResultIndex]
  if (document === undefined) return undefined
  const lines = filled(document.text)
  const firstLine = lines[start]
  const lastLine = lines[Math.max(start, end - 1)]
  if (firstLine === undefined || lastLine === undefined) return undefined
  return { document: document.id, firstLine, lastLine }
}

/** Numbers of the lines that are not blank. */
const filled = (text: string): readonly number[] =>
  text.split('\n').flatMap((line, number) => (line.trim() === '' ? [] : [number]))
