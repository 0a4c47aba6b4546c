/**
 * A read: a handler that only looks (T1). A durable actor's runs beside a turn, on the state of the
 * last ended one; a volatile actor's has the actor for itself. A failing read fails its asker and
 * nothing else.
 */
import { Count } from '../../mailbox/accounting.ts'
import type { Address } from '../../mailbox/address.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { Settled } from '../../mailbox/outcome.ts'
import type { Tally } from '../../mailbox/tally.ts'
import type { ReadContext } from '../context.ts'
import { readOnly } from '../draft/look.ts'
import { answerError } from './answers.ts'
import { Handling, type HandlingOwner } from './handling.ts'
import { eventual, isPromise } from './invoke.ts'

/** The actor that is looked at. */
export interface Reader extends HandlingOwner {
  readonly tally: Tally
  readIsOut(reading: ReadTurn): void
  checkedReply(envelope: Envelope, value: unknown): unknown
  readOver(reading: ReadTurn): void
}

/** Holds an answer back until what it saw is committed (D1). */
export type Gate = (release: () => void) => void

const openGate: Gate = (release) => release()

export class ReadTurn extends Handling implements ReadContext {
  declare readonly cell: Reader
  declare readonly envelope: Envelope
  readonly #state: () => unknown
  readonly #gate: Gate

  /** @param state the state as of now; looked up at each access, since turns may end meanwhile */
  constructor(cell: Reader, envelope: Envelope, state: () => unknown, gate: Gate = openGate) {
    super(cell, envelope)
    this.#state = state
    this.#gate = gate
    this.startedMono = cell.host.clock.mono()
  }

  get self(): Address {
    return { type: this.cell.type, key: this.cell.key }
  }

  get state(): unknown {
    this.check()
    return this.#state()
  }

  set state(_value: unknown) {
    throw readOnly('it')
  }

  /** Runs the handler; most end here, without a promise. */
  run(): void {
    const handler = this.cell.definition.reads.get(this.envelope.name)
    if (this.host.tracing !== undefined) this.beginSpan()
    try {
      const result = handler?.(this, this.envelope.payload)
      const later = eventual(this, result)
      const reply = later?.then((value) => this.#checked(value)) ?? this.#checked(result)
      if (isPromise(reply)) this.#follow(reply)
      else this.#end({ ok: true, value: reply })
    } catch (error) {
      this.#end({ ok: false, error })
    }
  }

  #checked(value: unknown): unknown {
    const { reply, asked } = this.envelope.header
    if (reply === undefined && !asked) return undefined
    return this.cell.checkedReply(this.envelope, value)
  }

  #follow(reply: PromiseLike<unknown>): void {
    this.cell.readIsOut(this)
    reply.then(
      (value) => this.#end({ ok: true, value }),
      (error) => this.#end({ ok: false, error }),
    )
  }

  #end(result: Settled): void {
    if (!result.ok) this.fail(result.error)
    this.close()
    this.#gate(() => this.#answer(result))
  }

  #answer(result: Settled): void {
    const cell = this.cell
    const { envelope } = this
    cell.tally.leave(Count.running)
    if (result.ok || envelope.header.reply !== undefined) {
      cell.tally.enter(Count.processed)
      if (result.ok) envelope.header.reply?.settle(result)
      else answerError(cell.host, envelope, result.error)
    } else {
      cell.host.deadLetter(envelope, 'failed', result.error)
    }
    cell.readOver(this)
  }
}
