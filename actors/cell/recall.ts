/**
 * One message among everything that an actor holds: to say where it is, to take it back, or to abort
 * the handler that has it. For callers that gave up, interrupts (M6) and probes (T4).
 */
import type { Clock } from '../../mailbox/clock.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Whereabouts } from './ask-table.ts'
import type { EarlyInterrupts, Interrupt } from './early-interrupts.ts'
import { messageKey } from './hand.ts'
import type { Inbox } from './inbox.ts'

type IsIt = (envelope: Envelope) => boolean

/** A handler that is out. */
interface Running {
  readonly envelope: Envelope | undefined
  readonly startedMono: number
}

/** The actor that holds them. */
interface Holder {
  readonly id: string
  readonly definition: { readonly behavior: { readonly durable?: boolean | undefined } }
  readonly host: { readonly clock: Clock; readonly interrupts: EarlyInterrupts }
  readonly turn: Running | undefined
  readonly readings: Iterable<Running>
  readonly inbox: Inbox
  readonly family: { readonly parent: string | undefined }
  readonly grantToken: string | undefined
  /** The store may hold messages that are not in memory yet. */
  readonly mayHoldMore: boolean
  abort(running: Running, reason: TroupeError): void
  discard(envelope: Envelope, reason: 'cancelled'): void
}

/** Messages given up before they came, of one actor: more are forgotten, and then handled for nobody. */
const mostEarly = 1_024

export class Recall {
  readonly #cell: Holder
  /** Given up while the actor was being brought up: they come with its first page. */
  #early: Set<string> | undefined

  constructor(cell: Holder) {
    this.#cell = cell
  }

  /** Takes a waiting message back or aborts its turn; says where it was. */
  giveUp(a: number, b: number): Whereabouts | undefined {
    const isIt: IsIt = (envelope) => envelope.a === a && envelope.b === b
    const busy = this.#busy()
    const gaveUp = new TroupeError('CANCELLED', 'the caller gave up waiting')
    if (this.#abortRunning(isIt, gaveUp)) return busy
    const position = this.#takeBack(isIt)
    const isEarly = position === undefined && this.#cell.mayHoldMore
    if (isEarly) this.#keepEarly(messageKey({ a, b }))
    return position === undefined ? busy : { ...busy, position }
  }

  #keepEarly(key: string): void {
    this.#early ??= new Set()
    if (this.#early.size < mostEarly) this.#early.add(key)
  }

  /** Its caller gave it up before it came; said once. */
  wasGivenUp(envelope: Envelope): boolean {
    return this.#early?.delete(messageKey(envelope)) ?? false
  }

  /** A turn that has ended is past it; one that has not begun does not begin. */
  interrupt(signal: Interrupt): void {
    if (!this.#isRightful(signal)) return
    const { id } = signal
    const isIt: IsIt = (envelope) => envelope.id === id
    const interrupted = new TroupeError('CANCELLED', `the turn of ${id} was interrupted`)
    if (this.#abortRunning(isIt, interrupted) || this.#takeBack(isIt) !== undefined) return
    if (this.#mayCome(id)) this.#cell.host.interrupts.keep(this.#cell.id, signal)
  }

  /** True when an interrupt of this message came before it. Asked when it is about to begin. */
  wasInterrupted({ id, header }: Envelope): boolean {
    const { host, id: actor, definition } = this.#cell
    const { interrupts } = host
    if (header.ownId !== undefined && !definition.behavior.durable) interrupts.begins(actor, id)
    return interrupts.awaits(actor) && interrupts.take(actor, id).some((it) => this.#isRightful(it))
  }

  /** Only the parent, and who was handed a grant, may interrupt. */
  #isRightful({ grant, by }: Interrupt): boolean {
    const { family, grantToken } = this.#cell
    return grant === undefined ? by === family.parent : grant === grantToken
  }

  /** The store tells a durable actor's own ids apart, so what comes under one is the message meant. */
  #mayCome(id: string): boolean {
    const { host, id: actor, definition, inbox } = this.#cell
    if (definition.behavior.durable || !host.interrupts.hasBegun(actor, id)) return true
    return [...inbox.stash].some((envelope) => envelope.id === id)
  }

  /** True when this actor has the message: in a turn, or waiting for one. */
  has(id: string): boolean {
    const { turn, inbox } = this.#cell
    return turn?.envelope?.id === id || inbox.has((envelope) => envelope.id === id)
  }

  #abortRunning(isIt: IsIt, reason: TroupeError): boolean {
    const cell = this.#cell
    for (const running of [cell.turn, ...cell.readings]) {
      if (running?.envelope === undefined || !isIt(running.envelope)) continue
      cell.abort(running, reason)
      return true
    }
    return false
  }

  /** Discards a waiting message; says how many were before it. */
  #takeBack(isIt: IsIt): number | undefined {
    const found = this.#cell.inbox.remove(isIt)
    if (found !== undefined) this.#cell.discard(found.envelope, 'cancelled')
    return found?.position
  }

  #busy(): Whereabouts | undefined {
    const { turn, readings, host } = this.#cell
    const [reading] = readings
    const running = turn ?? reading
    if (running?.envelope === undefined) return undefined
    const busyFor = host.clock.mono() - running.startedMono
    return { busyWith: running.envelope.name, busyFor }
  }
}
