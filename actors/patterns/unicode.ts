/**
 * What a text from outside must not hold, because it cannot be seen or is not text: broken code units,
 * control characters, characters that turn the direction of what follows, and hidden tags.
 *
 * Everything else is somebody's name, language or code and passes: quotes, brackets, `%`, emoji with their
 * joiners, accents in either form, marks of direction that turn nothing.
 */

/** One rule: what it finds, and how to say so. */
interface TextRule {
  readonly found: RegExp
  readonly message: string
}

/** Flags of regions are a black flag, tags, and an end: the one honest use of tags. */
const flags = /\u{1F3F4}[\u{E0020}-\u{E007E}]+\u{E007F}/gu

const rules: readonly TextRule[] = [
  {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    found: /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/u,
    message: 'has a control character other than tab and new line',
  },
  { found: /[\u202a-\u202e]/u, message: 'has a character that turns the direction of the text' },
  { found: /[\u{E0000}-\u{E007F}]/u, message: 'has hidden tag characters' },
  { found: /[\ufdd0-\ufdef\ufffe\uffff]/u, message: 'has a code point that is no character' },
]

/** What is wrong with a text, or undefined. */
export function problemOfText(text: string): string | undefined {
  if (!text.isWellFormed()) return 'is no Unicode: half of a surrogate pair'
  const visible = text.replace(flags, '')
  const broken = rules.find(({ found }) => found.test(visible))
  if (broken === undefined) return undefined
  const code = broken.found.exec(visible)?.[0].codePointAt(0) ?? 0
  return `${broken.message} (U+${code.toString(16).toUpperCase().padStart(4, '0')})`
}
