/**
 * Shows an answer while it is being written. What is said on the way is provisional; the end is not:
 * what was shown and does not stand there is said again, whole.
 */

import type { AnswerPart } from '../answer/synthesize.ts'
import type { Said } from '../contracts.ts'
import type { Output } from './progress.ts'
import { renderPart } from './render.ts'

export class AnswerView {
  readonly #output: Output
  #attempt = ''
  #shown: string[] = []

  constructor(output: Output) {
    this.#output = output
  }

  /** A part on the way. One that does not follow what is shown waits for the end. */
  said({ attempt, index, part }: Said): void {
    if (attempt !== this.#attempt && index === 0) this.#begin(attempt)
    if (attempt === this.#attempt && index === this.#shown.length) this.#show(renderPart(part))
  }

  /** The end: whatever of it is not shown yet. */
  finish(parts: readonly AnswerPart[]): void {
    const lines = parts.map(renderPart)
    if (this.#shown.some((line, index) => line !== lines[index])) this.#begin('the end')
    for (const line of lines.slice(this.#shown.length)) this.#show(line)
  }

  #begin(attempt: string): void {
    if (this.#shown.length > 0) this.#output.write('The answer was begun anew:\n')
    this.#attempt = attempt
    this.#shown = []
  }

  #show(line: string): void {
    this.#shown.push(line)
    this.#output.write(`${line}\n`)
  }
}
