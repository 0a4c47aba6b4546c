/** Questions that differ in nothing a reader would see have one key. The question itself is left alone. */

/**
 * A text for a cache's key: Unicode in normal form C, white space at the ends gone and between words one
 * space. Nothing else: case, "not", "to" and "without" mean something, and so they stay.
 *
 * For keys only: what is asked of a model is the text as it was given.
 */
export function queryKey(text: string): string {
  return text.normalize('NFC').replace(/\s+/gu, ' ').trim()
}
