/** Texts by number from 1, and back. Numbers of an undone transaction stay given out. */
import { TroupeError } from '../../mailbox/errors.ts'
import type { UndoLog } from './undo-log.ts'

export class Texts {
  readonly #texts: string[] = ['']
  readonly #numbers = new Map<string, number>()
  readonly #undo: UndoLog

  constructor(undo: UndoLog) {
    this.#undo = undo
  }

  find(text: string): number | undefined {
    return this.#numbers.get(text)
  }

  add(text: string): number {
    const no = this.#texts.push(text) - 1
    this.#numbers.set(text, no)
    return no
  }

  text(no: number): string {
    const text = this.#texts[no]
    if (text === undefined) throw new TroupeError('STORE_CORRUPT', `no text has number ${no}`)
    return text
  }

  page(after: number, limit: number): { no: number; text: string }[] {
    return this.#texts
      .slice(after + 1, after + 1 + limit)
      .map((text, i) => ({ no: after + 1 + i, text }))
  }

  /**
   * Gives all texts that begin with `from` another beginning, under their numbers.
   * @returns some of those that are there with either beginning; then nothing was changed
   */
  move(from: string, to: string): readonly string[] {
    const moves = [...this.#numbers.keys()]
      .filter((text) => text.startsWith(from))
      .map((text) => ({ text, moved: to + text.slice(from.length) }))
    const both = moves.filter(({ moved }) => this.#numbers.has(moved))
    if (both.length > 0) return both.slice(0, 3).map(({ moved }) => moved)
    for (const { text, moved } of moves) {
      this.#rename(text, moved)
      this.#undo.note(() => this.#rename(moved, text))
    }
    return []
  }

  #rename(text: string, to: string): void {
    const no = this.#numbers.get(text)
    if (no === undefined) return
    this.#numbers.delete(text)
    this.#numbers.set(to, no)
    this.#texts[no] = to
  }
}
