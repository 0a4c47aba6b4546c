/** The bytes of a file to text, or the reason why they are none. */

/** Text with `\n` line ends, or why there is none. */
export type Decoded =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'none'; readonly reason: 'empty' | 'binary' }

const byteOrderMarks = [
  { encoding: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { encoding: 'utf-16le', bytes: [0xff, 0xfe] },
  { encoding: 'utf-16be', bytes: [0xfe, 0xff] },
] as const

/**
 * By its byte order mark if there is one, else UTF-8, else windows-1252, in which every byte means
 * something: a text in an older encoding keeps its ASCII words and its line numbers. What holds
 * control characters is binary in every encoding.
 */
export function decodeText(bytes: Uint8Array): Decoded {
  const text = (marked(bytes) ?? utf8(bytes) ?? new TextDecoder('windows-1252').decode(bytes))
    .replace(/\r\n?/g, '\n')
    .replaceAll('\u2029', ' ')
  if (text.trim() === '') return { kind: 'none', reason: 'empty' }
  return isBinary(text) ? { kind: 'none', reason: 'binary' } : { kind: 'text', text }
}

function marked(bytes: Uint8Array): string | undefined {
  const mark = byteOrderMarks.find((known) => known.bytes.every((byte, at) => bytes[at] === byte))
  return mark && new TextDecoder(mark.encoding).decode(bytes)
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** A NUL anywhere, or more than one control character in a hundred of the first 4,096. */
function isBinary(text: string): boolean {
  if (text.includes('\0')) return true
  const head = text.slice(0, 4096)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it counts
  const controls = head.match(/[\u0001-\u0008\u000e-\u001a\u001c-\u001f\u007f\ufffd]/g)?.length ?? 0
  return controls * 100 > head.length
}
