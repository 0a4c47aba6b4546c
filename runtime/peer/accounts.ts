/**
 * The accounts of one thread (M4), and the letters of those whom they close for: a message that nobody
 * will process is counted and told in one go.
 */
import { Count, type CountRow } from '../../mailbox/accounting.ts'
import { typeOf } from '../../mailbox/address.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { Tally } from '../../mailbox/tally.ts'
import type { Counters } from './counters.ts'
import type { PeerSink } from './peer-options.ts'

export class Accounts {
  readonly #counters: Counters
  readonly #sink: PeerSink
  readonly #tallies = new Map<string, Tally>()

  constructor(counters: Counters, sink: PeerSink) {
    this.#counters = counters
    this.#sink = sink
  }

  /** Of one actor type. */
  row(type: string): CountRow {
    return this.#counters.row(type)
  }

  /** Of one actor type. */
  tally(type: string): Tally {
    const known = this.#tallies.get(type)
    if (known !== undefined) return known
    const tally = new Tally(this.row(type))
    this.#tallies.set(type, tally)
    return tally
  }

  /** Of all types. */
  sum(column: number): number {
    return this.#counters.sum(column)
  }

  /** In mailboxes of this thread, and for a way to another. */
  get pending(): number {
    return this.#counters.pending
  }

  /** @param address whose type's account it is */
  enter(address: string, column: number): void {
    const row = this.row(typeOf(address))
    row[column] = (row[column] as number) + 1
  }

  leave(address: string, column: number): void {
    const row = this.row(typeOf(address))
    row[column] = (row[column] as number) - 1
  }

  /** @param position of the record that already keeps it, when there is one */
  deadLetter(
    envelope: Envelope,
    reason: DeadLetterReason,
    error: unknown,
    position: number | undefined,
  ): void {
    // A record gave it up: its own thread's word is good only until that thread dies (F4).
    if (position !== undefined) {
      if (!envelope.stored) this.enter(envelope.to, Count.handed)
      this.enter(envelope.to, Count.storeDead)
    } else {
      this.enter(envelope.to, Count.deadLettered)
    }
    this.#sink.deadLetter(envelope, reason, error, position)
  }

  /**
   * A message that may have died with another thread (F4); its asker has been told.
   * @param counted false when that thread had received it: then it is in that thread's account
   */
  lost(envelope: Envelope, counted: boolean): void {
    if (counted) this.enter(envelope.to, Count.deadLettered)
    if (envelope.header.reply !== undefined) return
    this.#sink.deadLetter(envelope, 'host-lost', undefined, undefined)
  }
}
