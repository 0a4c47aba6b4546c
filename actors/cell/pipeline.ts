/**
 * Records of one actor between their end and their commit, in order (D1). While one is out, what
 * was seen of it may not leave: reads wait at the gate.
 */
import type { Ack, Refusal } from '../../persistence/store.ts'
import type { Committing, Journal } from './ports.ts'

/** The actor whose records they are. */
interface Owner {
  /** The last record in flight was answered. */
  answered(): void
}

interface Gate {
  /** Opens when this many records are answered. */
  readonly after: number
  readonly open: () => void
  readonly undone: () => void
}

export class Pipeline {
  readonly #journal: Journal
  readonly #owner: Owner
  #appended = 0
  #answered = 0
  #gates: Gate[] | undefined

  constructor(journal: Journal, owner: Owner) {
    this.#journal = journal
    this.#owner = owner
  }

  get isEmpty(): boolean {
    return this.#appended === this.#answered
  }

  /** Hands over the record that was just built. */
  append(entry: InOrder): void {
    this.#appended += 1
    entry.pipeline = this
    this.#journal.append(entry)
  }

  /**
   * Runs `open` when everything appended so far is committed, or `undone` when some of it never will
   * be: what an undone record undoes is everything after it, so the last one tells.
   */
  gate(open: () => void, undone: () => void): void {
    if (this.isEmpty) return open()
    this.#gates ??= []
    this.#gates.push({ after: this.#appended, open, undone })
  }

  /** The oldest record in flight was answered. */
  next(isCommitted: boolean): void {
    this.#answered += 1
    if (this.#gates !== undefined) this.#openGates(this.#gates, isCommitted)
    if (this.isEmpty) this.#owner.answered()
  }

  #openGates(gates: Gate[], isCommitted: boolean): void {
    for (let gate = gates[0]; gate && gate.after <= this.#answered; gate = gates[0]) {
      gates.shift()
      if (isCommitted) gate.open()
      else gate.undone()
    }
  }
}

/** One record in flight: what it is for is told first, then it is counted. */
export abstract class InOrder implements Committing {
  /** Set when it is appended. */
  pipeline: Pipeline | undefined

  committed(position: number, ack: Ack): void {
    this.isCommitted(position, ack)
    this.pipeline?.next(true)
  }

  undone(refusal: Refusal | undefined): void {
    this.isUndone(refusal)
    this.pipeline?.next(false)
  }

  protected abstract isCommitted(position: number, ack: Ack): void
  /** Refused, or lost with a failed commit: as if it had never been appended (D5). */
  protected abstract isUndone(refusal: Refusal | undefined): void
}

/** One of those that are not a turn's. */
export class Written extends InOrder {
  readonly #committed: (position: number, ack: Ack) => void
  readonly #undone: (refusal: Refusal | undefined) => void

  constructor(
    committed: (position: number, ack: Ack) => void,
    undone: (refusal: Refusal | undefined) => void,
  ) {
    super()
    this.#committed = committed
    this.#undone = undone
  }

  protected isCommitted(position: number, ack: Ack): void {
    this.#committed(position, ack)
  }

  protected isUndone(refusal: Refusal | undefined): void {
    this.#undone(refusal)
  }
}
