/**
 * Questions of the store's clients: answered from the store as it stands, put off while it fails, and
 * for the outcome of a message kept until the record that makes it is committed.
 *
 * Invariant: each question is answered or refused once; what a failed commit would have told of is looked
 * for again (D5).
 */
import { encodeError } from '../../actors/cell/error-data.ts'
import { activationKilledTwice } from '../../actors/cell/quarantined.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Ack, Store } from '../../persistence/store.ts'
import type { StoredRecord } from '../../persistence/stored.ts'
import type { FromStore, Question, Questions, Wire } from './protocol.ts'
import { answerQuestion } from './questions.ts'
import { type FrameEnd, type Tally, tallyOf } from './tally.ts'

/** One question of one client. */
export interface Asked {
  readonly wire: Wire<FromStore>
  readonly id: number
  readonly question: Question
  readonly with: unknown
}

/** The service that questions come to. */
export interface AnsweringService {
  readonly isStalled: boolean
  /** Frames have arrived that are not committed, or a timer is due. */
  readonly isBusy: boolean
  /** A write failed: what the store holds is unknown. */
  failed(error: unknown): void
}

type OutcomeAsk = Questions['outcome']['ask']

/** Questions that write. */
const writes: ReadonlySet<Question> = new Set([
  'beginEpoch',
  'reserveOrigins',
  'writeSnapshots',
  'writeCheckpoint',
  'dropSegments',
])

export class Answering {
  readonly #store: Store
  readonly #service: AnsweringService
  /** Outcomes that are not known yet, by actor and own id. */
  readonly #open = new Map<string, Asked[]>()
  #postponed: Asked[] = []
  /** Actors that are not brought up any more: what waits for them has no outcome to wait for (F3). */
  #barred: ReadonlySet<string> = new Set()
  /** They wait until nothing is under way. */
  #untilIdle: Asked[] = []
  /** The last committed frame of each slot. */
  readonly #ends = new Map<number, FrameEnd & { readonly epoch: number }>()

  constructor(store: Store, service: AnsweringService) {
    this.#store = store
    this.#service = service
  }

  ask(asked: Asked): void {
    if (this.#service.isStalled) return void this.#postponed.push(asked)
    const { wire, id, question } = asked
    try {
      if (question === 'outcome') return this.#outcome(asked)
      if (question === 'idle' && this.#service.isBusy) return void this.#untilIdle.push(asked)
      wire.post({ kind: 'answer', id, value: this.#value(question, asked.with) })
    } catch (error) {
      wire.post({ kind: 'refusal', id, error: encodeError(error) })
      // It failed outside a group commit: what the store holds is as unknown as after one.
      if (writes.has(question)) this.#service.failed(error)
    }
  }

  /** A frame was committed: it may have made outcomes that somebody waits for. */
  committed({ slot, epoch, seq, base, count, status, settled }: Ack): void {
    if (status === 'committed') this.#ends.set(slot, { epoch, seq, position: base + count - 1 })
    for (const { actor, ownId } of settled) {
      const key = keyOf({ actor, ownId })
      const waiting = this.#open.get(key) ?? []
      this.#open.delete(key)
      for (const asked of waiting) this.ask(asked)
    }
  }

  /** These actors, all of them, are not brought up until it is called again. */
  bar(actors: readonly string[]): void {
    this.#barred = new Set(actors)
    if (actors.length > 0) this.#askAgain()
  }

  /** All that came is committed, unless there is more. */
  rested(): void {
    for (const asked of this.#untilIdle.splice(0)) this.ask(asked)
  }

  /** The store is open again: outcomes may be known by lost answers, and what was put off has its turn. */
  resumed(): void {
    this.#askAgain()
    for (const asked of this.#postponed.splice(0)) this.ask(asked)
    this.rested()
  }

  #askAgain(): void {
    const open = [...this.#open.values()].flat()
    this.#open.clear()
    for (const asked of open) this.ask(asked)
  }

  #value(question: Exclude<Question, 'outcome'>, ask: unknown): unknown {
    if (question === 'tally') return this.#tally(ask as Questions['tally']['ask'])
    return answerQuestion(this.#store, question, ask)
  }

  #tally({ since, ...who }: Questions['tally']['ask']): Tally {
    const last = this.#ends.get(who.slot)
    // Unknown when this service is newer than the client: the store's thread died before it did.
    const { position } = this.#store
    const end = last ?? { epoch: who.epoch, seq: Number.POSITIVE_INFINITY, position }
    return end.epoch === who.epoch ? tallyOf(this.#store, who, since, end) : {}
  }

  /** Answers at once when the outcome is known, else when the record that makes it is committed. */
  #outcome(asked: Asked): void {
    const ask = asked.with as OutcomeAsk
    const found = this.#store.outcome(ask.actor, ask.ownId)
    if (found.kind === 'done') return answer(asked, found.record)
    if (found.kind === 'damaged') {
      throw new TroupeError('STORE_CORRUPT', `the outcome cannot be read: ${found.detail}`)
    }
    if (!ask.stays && this.#barred.has(ask.actor)) throw activationKilledTwice(ask.actor)
    const key = keyOf(ask)
    this.#open.set(key, [...(this.#open.get(key) ?? []), asked])
  }
}

function answer({ wire, id }: Asked, record: StoredRecord): void {
  wire.post({ kind: 'answer', id, value: record })
}

function keyOf({ actor, ownId }: Pick<OutcomeAsk, 'actor' | 'ownId'>): string {
  return `${actor}\n${ownId}`
}
