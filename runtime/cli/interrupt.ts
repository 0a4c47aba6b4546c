/** Ctrl-C as two promises: the first one asks to end, the second one insists. */
import type { Terminal } from './command.ts'

export class Interrupt {
  readonly came: Promise<'interrupted'>
  readonly cameAgain: Promise<void>
  readonly #terminal: Terminal
  readonly #listener: () => void

  constructor(terminal: Terminal) {
    const first = Promise.withResolvers<'interrupted'>()
    const second = Promise.withResolvers<void>()
    let count = 0
    this.came = first.promise
    this.cameAgain = second.promise
    this.#terminal = terminal
    this.#listener = () => {
      count += 1
      if (count === 1) first.resolve('interrupted')
      else second.resolve()
    }
    terminal.on?.('SIGINT', this.#listener)
    terminal.on?.('SIGTERM', this.#listener)
  }

  close(): void {
    this.#terminal.off?.('SIGINT', this.#listener)
    this.#terminal.off?.('SIGTERM', this.#listener)
  }
}
