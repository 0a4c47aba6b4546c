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

interface Gate {
  /** Opens when this many records are answered. */
  readonly after: number
  readonly open: () => void
  readonly undone: () => void
}

export class Pipeline {
  readonly #journal: Journal
  readonly #settled: () => void
  #appended = 0
  #answered = 0
  #gates: Gate[] = []

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
    this.#journal.append(new InOrder(entry, this))
  }

  /**
   * Runs `open` when everything appended so far is committed, or `undone` when some of it never will
   * be: what an undone record undoes is everything after it, so the last one tells.
   */
  gate(open: () => void, undone: () => void): void {
    if (this.isEmpty) return open()
    this.#gates.push({ after: this.#appended, open, undone })
  }

  /** The oldest record in flight was answered. */
  next(isCommitted: boolean): void {
    this.#answered += 1
    for (let gate = this.#gates[0]; gate && gate.after <= this.#answered; gate = this.#gates[0]) {
      this.#gates.shift()
      if (isCommitted) gate.open()
      else gate.undone()
    }
    if (this.isEmpty) this.#settled()
  }
}

/** One record in flight: told first, then counted. */
class InOrder implements Committing {
  readonly #entry: Entry
  readonly #pipeline: Pipeline

  constructor(entry: Entry, pipeline: Pipeline) {
    this.#entry = entry
    this.#pipeline = pipeline
  }

  committed(position: number, ack: Ack): void {
    this.#entry.committed(position, ack)
    this.#pipeline.next(true)
  }

  undone(refusal: Refusal | undefined): void {
    this.#entry.undone(refusal)
    this.#pipeline.next(false)
  }
}
