/**
 * The open indexes of one thread, each opened when it is first used: SQLite connections cannot be
 * shared between threads, and opening one for each search would throw its cache away.
 */

import { FullTextIndex } from 'troupe/persistence'

interface Writer {
  readonly content: string
  readonly index: FullTextIndex
}

export class Indexes {
  readonly #readers = new Map<string, FullTextIndex>()
  readonly #writers = new Map<string, Writer>()

  /** For searching; the index must have been made by a {@link writer}, of any thread. */
  reader(path: string): FullTextIndex {
    const open = this.#readers.get(path) ?? FullTextIndex.open(path, { readonly: true })
    this.#readers.set(path, open)
    return open
  }

  /** For changing it. Another `content` than that of the file empties it. */
  writer(path: string, content: string): FullTextIndex {
    const open = this.#writers.get(path)
    if (open?.content === content) return open.index
    open?.index.close()
    this.#writers.delete(path)
    const index = FullTextIndex.open(path, { content })
    this.#writers.set(path, { content, index })
    return index
  }

  close(): void {
    for (const reader of this.#readers.values()) reader.close()
    for (const { index } of this.#writers.values()) index.close()
    this.#readers.clear()
    this.#writers.clear()
  }
}
