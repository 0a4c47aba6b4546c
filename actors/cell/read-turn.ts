/**
 * A read: a handler that only looks (T1). A durable actor's runs beside a turn, on the state of the
 * last ended one; a volatile actor's has the actor for itself. A failing read fails its asker and
 * nothing else.
 */
import { Count } from '../../mailbox/accounting.ts'
import type { Address } from '../../mailbox/address.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { laneNames } from '../../mailbox/lane.ts'
import type { Settled } from '../../mailbox/outcome.ts'
import type { Tally } from '../../mailbox/tally.ts'
import type { Secret } from '../../persistence/secret.ts'
import type { ActorDefinition } from '../actor.ts'
import type { Log, MessageInfo, ReadContext } from '../context.ts'
import { readOnly } from '../draft/look.ts'
import { answerError } from './answers.ts'
import { eventual, isPromise } from './invoke.ts'
import { makeLog } from './log.ts'
import type { CellHost } from './ports.ts'
import { revoked } from './revoked.ts'

/** The actor that is looked at. */
interface Reader {
  readonly id: string
  readonly type: string
  readonly key: string
  readonly definition: ActorDefinition
  readonly host: CellHost
  readonly readings: Set<ReadTurn>
  checkedReply(envelope: Envelope, value: unknown): unknown
  readonly tally: Tally
  readOver(reading: ReadTurn): void
}

/** Holds an answer back until what it saw is committed (D1). */
export type Gate = (release: () => void) => void

const openGate: Gate = (release) => release()

export class ReadTurn implements ReadContext {
  readonly envelope: Envelope
  readonly startedMono: number
  readonly #cell: Reader
  readonly #state: () => unknown
  readonly #gate: Gate
  #controller: AbortController | undefined
  #closed = false

  /** @param state the state as of now; looked up at each access, since turns may end meanwhile */
  constructor(cell: Reader, envelope: Envelope, state: () => unknown, gate: Gate = openGate) {
    this.#cell = cell
    this.envelope = envelope
    this.#state = state
    this.#gate = gate
    this.startedMono = cell.host.clock.mono()
  }

  get host(): CellHost {
    return this.#cell.host
  }

  get self(): Address {
    return { type: this.#cell.type, key: this.#cell.key }
  }

  get state(): unknown {
    this.#check()
    return this.#state()
  }

  set state(_value: unknown) {
    throw readOnly('it')
  }

  get deps(): unknown {
    this.#check()
    return this.host.deps()
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  get log(): Log {
    return makeLog(this.host, this.#cell.id)
  }

  get message(): MessageInfo {
    const { id, name, lane, from, header } = this.envelope
    const slash = from.indexOf('/')
    return {
      id,
      name,
      lane: laneNames[lane] ?? 'normal',
      from: slash < 0 ? undefined : { type: from.slice(0, slash), key: from.slice(slash + 1) },
      attempt: 1,
      trace: header.trace,
      topic: header.topic,
      tick: header.tick,
    }
  }

  now(): number {
    this.#check()
    return this.host.clock.wall()
  }

  secret<T>(value: T): Secret<T> {
    this.#check()
    return this.host.secrets.seal(value)
  }

  reveal<T>(secret: Secret<T>): T {
    this.#check()
    return this.host.secrets.open(secret)
  }

  abort(reason: unknown): void {
    this.#controller ??= new AbortController()
    this.#controller.abort(reason)
  }

  /** Runs the handler; most end here, without a promise. */
  run(): void {
    const handler = this.#cell.definition.reads.get(this.envelope.name)
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
    return this.#cell.checkedReply(this.envelope, value)
  }

  #follow(reply: PromiseLike<unknown>): void {
    this.#cell.readings.add(this)
    reply.then(
      (value) => this.#end({ ok: true, value }),
      (error) => this.#end({ ok: false, error }),
    )
  }

  #end(result: Settled): void {
    this.#closed = true
    this.#gate(() => this.#answer(result))
  }

  #answer(result: Settled): void {
    const cell = this.#cell
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

  #check(): void {
    if (this.#closed) throw revoked(this.#cell.id, this.envelope.name)
  }
}
