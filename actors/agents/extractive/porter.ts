/**
 * The Porter stemmer (M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980), with
 * the later `-bli` and `-logi`, as SQLite's `porter` tokenizer has it: what the index finds by a stem,
 * the model sees by the same.
 *
 * Not idempotent, and its stems are no words: compare them, never show them.
 */

/** Consonants are every letter but a, e, i, o, u, and a y that no consonant precedes. */
const consonant = '(?:[^aeiouy]|(?<=^|[aeiou])y)'
const vowel = '(?:[aeiou]|(?<=[^aeiou])y)'
const measureUnit = new RegExp(`${vowel}+${consonant}+`, 'g')
const hasVowel = new RegExp(vowel)
const shortEnd = /[^aeiou][aeiouy][^aeiouwxy]$/

/** How many times vowels are followed by consonants. */
const measure = (stem: string): number => stem.match(measureUnit)?.length ?? 0

type Rule = readonly [suffix: string, replacement: string]

const rules = (pairs: string): readonly Rule[] =>
  pairs.split(' ').map((pair) => {
    const [suffix = '', replacement = ''] = pair.split(':')
    return [suffix, replacement] as const
  })

const step2 = rules(
  'ational:ate tional:tion enci:ence anci:ance izer:ize bli:ble alli:al entli:ent eli:e ' +
    'ousli:ous ization:ize ation:ate ator:ate alism:al iveness:ive fulness:ful ousness:ous ' +
    'aliti:al iviti:ive biliti:ble logi:log',
)
const step3 = rules('icate:ic ative: alize:al iciti:ic ical:ic ful: ness:')
const step4 = rules(
  'al: ance: ence: er: ic: able: ible: ant: ement: ment: ent: ou: ism: ate: iti: ous: ive: ize: ' +
    'ion:',
)

/** The stem of a lower-case word of a to z; other words and those of one or two letters stay. */
export function porterStem(word: string): string {
  if (word.length < 3 || /[^a-z]/.test(word)) return word
  let stem = inflection(plural(word))
  if (stem.endsWith('y') && hasVowel.test(stem.slice(0, -1))) stem = `${stem.slice(0, -1)}i`
  stem = replaceLongest(stem, step2, 0)
  stem = replaceLongest(stem, step3, 0)
  stem = replaceLongest(stem, step4, 1)
  return tidy(stem)
}

function plural(word: string): string {
  if (word.endsWith('sses') || word.endsWith('ies')) return word.slice(0, -2)
  return word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word
}

function inflection(word: string): string {
  if (word.endsWith('eed')) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word
  const base = /^(.+?)(?:ed|ing)$/.exec(word)?.[1]
  return base !== undefined && hasVowel.test(base) ? restored(base) : word
}

/** What the ending changed: `conflat`(ed) to `conflate`, `hopp`(ing) to `hop`, `fil`(ing) to `file`. */
function restored(base: string): string {
  if (/(?:at|bl|iz)$/.test(base)) return `${base}e`
  if (/([^aeiouylsz])\1$/.test(base)) return base.slice(0, -1)
  return measure(base) === 1 && shortEnd.test(base) ? `${base}e` : base
}

/** The longest suffix that fits decides, whether or not what is left is long enough. */
function replaceLongest(word: string, list: readonly Rule[], over: number): string {
  const fitting = list.filter(([suffix]) => endsWith(word, suffix))
  const rule = fitting.sort(([a], [b]) => b.length - a.length)[0]
  if (rule === undefined) return word
  const base = word.slice(0, word.length - rule[0].length)
  return measure(base) > over ? base + rule[1] : word
}

/** `-ion` is an ending only after s or t. */
const endsWith = (word: string, suffix: string): boolean =>
  word.endsWith(suffix) && (suffix !== 'ion' || /[st]ion$/.test(word))

function tidy(word: string): string {
  let stem = word
  if (stem.endsWith('e')) {
    const base = stem.slice(0, -1)
    const size = measure(base)
    if (size > 1 || (size === 1 && !shortEnd.test(base))) stem = base
  }
  return stem.endsWith('ll') && measure(stem) > 1 ? stem.slice(0, -1) : stem
}
