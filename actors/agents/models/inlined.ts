/** A document as a part of the text, for models that cannot cite. */
import type { DocumentPart } from '../parts.ts'

export const inlined = ({ id, title, text }: DocumentPart): string => {
  const name = title === undefined ? '' : ` title=${JSON.stringify(title)}`
  return `<document id=${JSON.stringify(id)}${name}>\n${text}\n</document>`
}
