/** What a tool of an MCP server answered, as data for a model. */
import type { CallToolResult } from '@modelcontextprotocol/client'
import { TroupeError } from '../../../mailbox/errors.ts'
import type { Json } from '../parts.ts'

/**
 * The structured content where there is some; one text as it is; else the pieces in their order.
 * @throws TOOL_FAILED with what the server says, when it says that the call failed
 */
export function outputOfResult(result: CallToolResult): Json {
  const pieces = result.content.map(pieceOf)
  const texts = result.content.flatMap((piece) => (piece.type === 'text' ? [piece.text] : []))
  const isText = texts.length === pieces.length
  if (result.isError === true) {
    throw new TroupeError('TOOL_FAILED', texts.join('\n') || JSON.stringify(pieces))
  }
  const structured = result.structuredContent as Json | undefined
  // The texts beside it say the same for those who cannot read it.
  if (structured !== undefined) return isText ? structured : { structured, content: pieces }
  return isText ? texts.join('\n') : pieces
}

/** Without what is meant for a screen. */
function pieceOf(piece: CallToolResult['content'][number]): Json {
  switch (piece.type) {
    case 'text':
      return { type: 'text', text: piece.text }
    case 'image':
    case 'audio':
      return { type: piece.type, mimeType: piece.mimeType, data: piece.data }
    case 'resource_link': {
      const { name, uri, description, mimeType } = piece
      return { type: 'resource_link', uri, name, ...said({ description, mimeType }) }
    }
    case 'resource': {
      const { uri, mimeType } = piece.resource
      const content =
        'text' in piece.resource ? { text: piece.resource.text } : { blob: piece.resource.blob }
      return { type: 'resource', uri, ...said({ mimeType }), ...content }
    }
    default:
      return { type: (piece satisfies never as { type: string }).type }
  }
}

const said = (fields: Readonly<Record<string, string | undefined>>): { [name: string]: string } =>
  Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined),
  )
