/**
 * Turns of one actor that the store refused or lost (D5): everything after the first of them is as if
 * it had never run. Collects their messages until every record in flight is answered.
 *
 * Does not own: loading the actor again, and where the messages go then.
 *
 * Invariant: the first record that is written after an undo says so (`rebased`), and only that one.
 */
import { Count } from '../../mailbox/accounting.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { Tally } from '../../mailbox/tally.ts'
import { RecordFlag } from '../../persistence/record.ts'
import type { Refusal } from '../../persistence/store.ts'
import { decodeReply } from './decode-reply.ts'
import type { CellHost, Journal } from './ports.ts'

/** The actor whose turns they are. */
interface Owner {
  readonly id: string
  readonly host: CellHost
  readonly journal: Journal
  readonly tally: Tally
}

export class Undo {
  readonly #owner: Owner
  /** Messages of undone turns, oldest first; present while an undo is under way. */
  #messages: Envelope[] | undefined
  /** Messages of this undo that must not come back. */
  #past: Set<Envelope> | undefined
  #isRebase = false

  constructor(owner: Owner) {
    this.#owner = owner
  }

  /** An undo is under way: nothing may be appended. */
  get isOn(): boolean {
    return this.#messages !== undefined
  }

  /** A record will never be; true for the first of an undo. */
  begin(refusal: Refusal | undefined): boolean {
    if (this.#messages !== undefined) return false
    this.#messages = []
    const reason =
      refusal === undefined ? 'the commit failed' : `${refusal.reason}: ${refusal.detail}`
    this.#owner.host.emit({ event: 'turn-undone', actor: this.#owner.id, reason })
    return true
  }

  /** The message of the record: to be handled again, unless somebody did before. */
  add(envelope: Envelope, refusal: Refusal | undefined): void {
    if (refusal?.reason === 'not-pending') this.#forgetCopy()
    else if (refusal?.reason === 'duplicate') this.#answerDuplicate(envelope)
    else return void this.#messages?.push(envelope)
    this.#past ??= new Set()
    this.#past.add(envelope)
  }

  /** It was handled before: a turn of it that still runs comes to nothing. */
  isPast(envelope: Envelope): boolean {
    return this.#past?.has(envelope) === true
  }

  /** Ends the undo; the next record tells of it. */
  take(): Envelope[] {
    const messages = this.#messages ?? []
    this.#messages = undefined
    this.#past = undefined
    this.#isRebase = true
    return messages
  }

  /** The flag for the next record, once after an undo. */
  takeRebase(): number {
    if (!this.#isRebase) return 0
    this.#isRebase = false
    return RecordFlag.rebased
  }

  /** Somebody consumed it before: this copy must not come back. */
  #forgetCopy(): void {
    this.#owner.tally.move(Count.running, Count.inStore)
  }

  /** Its own id was handled before: once is enough, and the first reply is the reply. */
  #answerDuplicate(envelope: Envelope): void {
    this.#owner.tally.move(Count.running, Count.processed)
    const { reply, ownId } = envelope.header
    if (reply === undefined || ownId === undefined) return
    this.#owner.journal.outcome(this.#owner.id, ownId, true).then(
      (record) => reply.settle(decodeReply(record)),
      (error) => reply.settle({ ok: false, error }),
    )
  }
}
