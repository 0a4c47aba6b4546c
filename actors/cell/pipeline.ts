/**
 * Records of one actor between their end and their commit, in order (D1). While one is out, what
 * was seen of it may not leave: reads wait at the gate.
 */
import type { Ack, Refusal } from '../../persistence/store.ts'
import type { Committing, Journal } from './ports.ts'

/** What happens with one record. */
export interface Entry {
  committed(position: number, ack: Ack): void
  /** Refused, or lost with a failed commit: as if it had never been appended (D5). */
  undone(refusal: Refusal | undefined): void
}

export class Pipeline {
  readonly #journal: Journal
  readonly #settled: () => void
  #appended = 0
  #answered = 0
  #gates: { readonly after: number; readonly open: () => void }[] = []

  /** @param settled called when the last record in flight was answered */
  constructor(journal: Journal, settled: () => void) {
    this.#journal = journal
    this.#settled = settled
  }

  get isEmpty(): boolean {
    return this.#appended === this.#answered
  }

  /** Hands over the record that was just built. */
  append(entry: Entry): void {
    this.#appended += 1
    const committing: Committing = {
      committed: (position, ack) => {
        entry.committed(position, ack)
        this.#next()
      },
      undone: (refusal) => {
        entry.undone(refusal)
        this.#next()
      },
    }
    this.#journal.append(committing)
  }

  /** Runs `open` when everything appended so far is committed or undone. */
  gate(open: () => void): void {
    if (this.isEmpty) return open()
    this.#gates.push({ after: this.#appended, open })
  }

  #next(): void {
    this.#answered += 1
    for (let gate = this.#gates[0]; gate && gate.after <= this.#answered; gate = this.#gates[0]) {
      this.#gates.shift()
      gate.open()
    }
    if (this.isEmpty) this.#settled()
  }
}
