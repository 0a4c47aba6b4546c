/** The body of a response, decoded, and never more of it in memory than is let through. */
import type { IncomingMessage } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { TroupeError } from '../../../../mailbox/errors.ts'
import { refused } from './refused.ts'

/** What is asked for, and can be decoded. */
export const encodings = 'gzip, deflate, br'

/**
 * The text of a response; reading ends at the limit, however small the rest is packed.
 * @throws TOOL_OUTPUT_TOO_LARGE, TOOL_REFUSED for an unknown encoding
 */
export async function textOf(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of decoded(response)) {
    size += (chunk as Buffer).length
    if (size > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk as Buffer)
  }
  return new TextDecoder(charsetOf(response)).decode(Buffer.concat(chunks))
}

function decoded(response: IncomingMessage): Readable {
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding === 'identity') return response
  const decoder = decoderOf(encoding)
  // What goes wrong shows where the decoder is read.
  return pipeline(response, decoder, () => undefined)
}

function decoderOf(encoding: string) {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'deflate':
      return createInflate()
    case 'br':
      return createBrotliDecompress()
    default:
      throw refused('The answer has a content encoding other than gzip, deflate or br.')
  }
}

function charsetOf({ headers }: IncomingMessage): string {
  const named = /;\s*charset="?([\w:.-]+)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8'
  return isKnown(named) ? named : 'utf-8'
}

function isKnown(charset: string): boolean {
  try {
    return new TextDecoder(charset) !== undefined
  } catch {
    return false
  }
}

const tooLarge = (most: number): TroupeError =>
  new TroupeError(
    'TOOL_OUTPUT_TOO_LARGE',
    `The answer has more than the ${most} bytes that are let through: ask for less, for example for one page.`,
  )
