/**
 * One message among everything that an actor holds: to say where it is, to take it back, or to abort
 * the handler that has it. For callers that gave up, interrupts (M6) and probes (T4).
 */
import type { Clock } from '../../mailbox/clock.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Whereabouts } from './ask-table.ts'
import { messageKey } from './hand.ts'
import type { Inbox } from './inbox.ts'
import type { Signal } from './signal.ts'

type Interrupt = Signal & { readonly kind: 'interrupt' }
type IsIt = (envelope: Envelope) => boolean

/** A handler that is out. */
interface Running {
  readonly envelope: Envelope | undefined
  readonly startedMono: number
}

/** The actor that holds them. */
interface Holder {
  readonly host: { readonly clock: Clock }
  readonly turn: Running | undefined
  readonly readings: ReadonlySet<Running>
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
  readonly #early = new Set<string>()

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
    if (isEarly && this.#early.size < mostEarly) this.#early.add(messageKey({ a, b }))
    return position === undefined ? busy : { ...busy, position }
  }

  /** Its caller gave it up before it came; said once. */
  wasGivenUp(envelope: Envelope): boolean {
    return this.#early.size > 0 && this.#early.delete(messageKey(envelope))
  }

  /** Only the parent, and who was handed a grant, may interrupt; a turn that has ended is past it. */
  interrupt({ id, grant, by }: Interrupt): void {
    const { family, grantToken } = this.#cell
    if (grant === undefined ? by !== family.parent : grant !== grantToken) return
    const isIt: IsIt = (envelope) => envelope.id === id
    const interrupted = new TroupeError('CANCELLED', `the turn of ${id} was interrupted`)
    if (!this.#abortRunning(isIt, interrupted)) this.#takeBack(isIt)
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
    const running = turn ?? readings.values().next().value
    if (running?.envelope === undefined) return undefined
    const busyFor = host.clock.mono() - running.startedMono
    return { busyWith: running.envelope.name, busyFor }
  }
}
