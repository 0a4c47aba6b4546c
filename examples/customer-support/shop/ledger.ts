/**
 * What was paid back: a file of lines, only ever appended to. It stands for the service that moves money,
 * and keeps the promise such a service has to keep: one key pays once.
 *
 * Invariants
 * 1. A payment is on disk before it is answered.
 * 2. A line that was cut off by a crash is no payment, and the next one begins on a line of its own.
 *
 * Two payments with one key never run at the same time: the key is that of a step, and one actor has one
 * turn. Different ones may, from any thread: each is one write at the end of the file.
 */

import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'

/** One payment. */
export interface Payment {
  /** Of the step that pays. */
  readonly key: string
  readonly customer: string
  readonly order: string
  /** Euros. */
  readonly amount: number
}

export class Ledger {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /**
   * Pays, or finds that this was paid.
   * @throws Error that is meant for the model, when it would be more than the order cost
   */
  pay({ price, ...payment }: Payment & { readonly price: number }): { readonly receipt: string } {
    const paid = this.payments()
    if (!paid.some(({ key }) => key === payment.key)) {
      const before = sum(paid.filter(({ order }) => order === payment.order))
      if (cents(before + payment.amount) > cents(price)) {
        throw new Error(
          `Order ${payment.order} cost ${price}, and ${before} of it was paid back already.`,
        )
      }
      this.#append(JSON.stringify(payment))
    }
    return { receipt: `R-${payment.key.slice(0, 8)}` }
  }

  /** All that was paid. */
  payments(): readonly Payment[] {
    return linesOf(this.#text()).flatMap((line) => {
      try {
        return [JSON.parse(line) as Payment]
      } catch {
        return []
      }
    })
  }

  #append(line: string): void {
    const isCut = /[^\n]$/.test(this.#text())
    const file = openSync(this.#path, 'a')
    try {
      writeSync(file, `${isCut ? '\n' : ''}${line}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  }

  #text(): string {
    try {
      return readFileSync(this.#path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
      throw error
    }
  }
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '')

const cents = (euros: number): number => Math.round(euros * 100)

const sum = (payments: readonly Payment[]): number =>
  cents(payments.reduce((total, { amount }) => total + amount, 0)) / 100
