/**
 * A handler that is out, of a turn or of a read, and what it may always know: its message, the time, its
 * abort signal. Once it is closed its `ctx` is revoked (T6).
 */
import type { Address } from '../../mailbox/address.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { Secret } from '../../persistence/secret.ts'
import type { ActorDefinition } from '../actor.ts'
import type { Log, MessageInfo } from '../context.ts'
import type { OpenSpan, Span } from '../span.ts'
import { Abort } from './abort.ts'
import { TurnLog } from './log.ts'
import { messageInfo, senderOf, startInfo } from './message-info.ts'
import type { CellHost } from './ports.ts'
import { revoked } from './revoked.ts'

/** The actor whose handler it is. */
export interface HandlingOwner {
  readonly id: string
  readonly type: string
  readonly key: string
  readonly definition: ActorDefinition
  readonly host: CellHost
}

export abstract class Handling {
  readonly cell: HandlingOwner
  /** The message in hand; undefined in a start hook. */
  readonly envelope: Envelope | undefined
  /** Attempt number of the message (F2). */
  readonly attempt: number
  /** Monotonic ms; known only of one that is asynchronous. */
  startedMono = 0
  /** Of this handling, where its trace is recorded. */
  protected handled: OpenSpan | undefined
  #closed = false
  #abort: Abort | undefined
  #log: TurnLog | undefined

  constructor(cell: HandlingOwner, envelope: Envelope | undefined, attempt = 1) {
    this.cell = cell
    this.envelope = envelope
    this.attempt = attempt
  }

  get host(): CellHost {
    return this.cell.host
  }

  abstract get state(): unknown
  abstract set state(value: unknown)

  get sender(): Address | undefined {
    return this.envelope && senderOf(this.envelope)
  }

  get message(): MessageInfo {
    this.check()
    const { envelope, attempt } = this
    return envelope === undefined ? startInfo(this.seed, attempt) : messageInfo(envelope, attempt)
  }

  get deps(): unknown {
    this.check()
    return this.host.deps()
  }

  get log(): Log {
    this.#log ??= new TurnLog(this)
    return this.#log
  }

  get span(): Span | undefined {
    this.check()
    return this.handled
  }

  /** `traceparent` of this handling where its trace is recorded, else of its message. */
  get trace(): string | undefined {
    return this.handled?.traceparent ?? this.envelope?.header.trace
  }

  /** The handler is about to be called. */
  beginSpan(): void {
    const { envelope, host } = this
    if (envelope !== undefined) this.handled = host.tracing?.processing(envelope, this.attempt)
  }

  /** It failed: said before it is closed. */
  fail(error: unknown): void {
    this.handled?.end(error)
  }

  now(): number {
    this.check()
    return this.host.clock.wall()
  }

  secret<T>(value: T): Secret<T> {
    this.check()
    return this.seal(value)
  }

  protected seal<T>(value: T): Secret<T> {
    return this.host.secrets.seal(value)
  }

  reveal<T>(secret: Secret<T>): T {
    this.check()
    return this.host.secrets.open(secret)
  }

  /** What random numbers, ids and step keys are derived from (R3). */
  protected get seed(): string {
    const { envelope } = this
    return `${this.cell.id}:${envelope?.header.earlier?.id ?? envelope?.id ?? '$start'}`
  }

  // ── its abort (M6) and its end (T6) ───────────────────────────────────────────────────────────

  /** Not revoked: what the handler started may still look whether it should stop. */
  get signal(): AbortSignal {
    return this.#abortable().signal
  }

  #abortable(): Abort {
    if (this.#abort !== undefined) return this.#abort
    this.#abort = new Abort()
    const given = this.envelope?.header.signal
    if (given !== undefined && !this.#closed) {
      this.#abort.link(given, (reason) => this.abort(reason))
    }
    return this.#abort
  }

  /** Fires `ctx.signal`; it still ends only with its handler. True the first time. */
  abort(reason: unknown): boolean {
    return this.#abortable().fire(reason)
  }

  /** True when the handler ended with the abort it was told of: obeying is no failure. */
  isAbort(error: unknown): boolean {
    return this.#abort?.isObeyed(error) ?? false
  }

  get closed(): boolean {
    return this.#closed
  }

  close(): void {
    this.#closed = true
    this.#abort?.unlink()
    this.handled?.end()
  }

  /** @throws CTX_REVOKED */
  protected check(): void {
    if (this.#closed) throw revoked(this.cell.id, this.envelope?.name ?? 'start')
  }
}
