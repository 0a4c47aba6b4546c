/** Paths of URLs, and patterns over them: `*` is one segment, `**` at the end is any rest. */

/**
 * Whether servers agree on what the path means. A slash, a dot segment or a control character in
 * disguise may be taken apart by the one behind, after the pattern was matched.
 */
export const isPlainPath = (path: string): boolean => !disguised.test(path)

const disguised =
  /%(?:25)*(?:2e|2f|5c|7f|[01][0-9a-f])|%(?![0-9a-f]{2})|\\|(?:^|\/)\.{1,2}(?:;|\/|$)/i

export function isPathPattern(pattern: string): boolean {
  const [before, ...parts] = pattern.split('/')
  if (before !== '' || parts.length === 0) return false
  if (parts.at(-1) === '**') parts.pop()
  return parts.every((part) => part === '*' || /^[^*?#\\]*$/.test(part))
}

export function matchesPath(pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const found = path.split('/')
  const hasRest = wanted.at(-1) === '**'
  if (hasRest) wanted.pop()
  if (hasRest ? found.length <= wanted.length : found.length !== wanted.length) return false
  return wanted.every((part, n) => part === found[n] || (part === '*' && found[n] !== ''))
}
