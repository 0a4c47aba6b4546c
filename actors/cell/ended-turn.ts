/**
 * A durable turn between its end and its commit (D1): what it said is released by the commit, and its
 * message leaves the hand. Keeps that and nothing else of the turn, whose draft and steps are over.
 */
import { Count } from '../../mailbox/accounting.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { Tally } from '../../mailbox/tally.ts'
import type { Ack, Refusal } from '../../persistence/store.ts'
import type { Bonds } from './bonds.ts'
import type { DurableTurn } from './durable-turn.ts'
import type { Family } from './family.ts'
import { InOrder } from './pipeline.ts'
import type { Staged } from './staged.ts'

/** The actor whose turn it was. */
interface Owner {
  readonly tally: Tally
  readonly family: Family
  readonly commits: { leaveHand(envelope: Envelope): void }
  undo(envelope: Envelope | undefined, refusal: Refusal | undefined): void
}

export class EndedTurn extends InOrder {
  readonly #cell: Owner
  readonly #envelope: Envelope | undefined
  readonly #reply: unknown
  readonly #said: Staged | undefined
  readonly #bonds: Bonds | undefined
  /** Only one that put its message into the stash: whether there was room is found out later. */
  readonly #stashing: DurableTurn | undefined

  constructor(cell: Owner, turn: DurableTurn, reply: unknown) {
    super()
    this.#cell = cell
    this.#envelope = turn.envelope
    this.#reply = reply
    this.#said = turn.said
    this.#bonds = turn.bonds
    this.#stashing = turn.stashing ? turn : undefined
  }

  protected isCommitted(position: number, ack: Ack): void {
    const envelope = this.#envelope
    if (envelope !== undefined) this.#consumed(envelope, position)
    this.#bonds?.committed(this.#cell.family, position)
    this.#said?.release(position, ack)
    if (this.#stashing === undefined) {
      envelope?.header.reply?.settle({ ok: true, value: this.#reply })
    }
  }

  protected isUndone(refusal: Refusal | undefined): void {
    this.#cell.undo(this.#envelope, refusal)
  }

  #consumed(envelope: Envelope, position: number): void {
    const { tally, commits } = this.#cell
    commits.leaveHand(envelope)
    if (!envelope.stored) tally.enter(Count.handed)
    if (this.#stashing === undefined) return tally.enter(Count.storeProcessed)
    if (envelope.position === 0) envelope.position = position
    if (!this.#stashing.overfull) tally.enter(Count.stashed)
  }
}
