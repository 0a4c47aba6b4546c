/**
 * One message among everything that an actor holds: to say where it is, to take it back, or to abort
 * the handler that has it. For callers that gave up, interrupts (M6) and probes (T4).
 */
import { Count } from '../../mailbox/accounting.ts'
import type { Clock } from '../../mailbox/clock.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Mailbox } from '../../mailbox/mailbox.ts'
import type { Ring } from '../../mailbox/ring.ts'
import type { Whereabouts } from './ask-table.ts'
import type { Doorstep } from './doorstep.ts'
import type { Followers } from './followers.ts'

type IsIt = (envelope: Envelope) => boolean

/** A handler that is out. */
interface Running {
  readonly envelope: Envelope | undefined
  readonly startedMono: number
}

/** Everything that an actor holds. */
interface Holder {
  readonly host: { readonly clock: Clock }
  readonly turn: Running | undefined
  readonly readings: ReadonlySet<Running>
  readonly mailbox: Mailbox<unknown>
  readonly stash: Iterable<Envelope>
  readonly doorstep: Doorstep | undefined
  readonly followers: Followers | undefined
  readonly reads: Ring<Envelope> | undefined
  abort(running: Running, reason: TroupeError): void
  withdraw(isIt: IsIt, then: (envelope: Envelope) => void): void
  release(envelope: Envelope, column: number): void
  discard(envelope: Envelope, reason: 'cancelled'): void
}

export class Recall {
  readonly #cell: Holder

  constructor(cell: Holder) {
    this.#cell = cell
  }

  /** Takes a waiting message back or aborts its turn; says where it was. */
  giveUp(a: number, b: number): Whereabouts | undefined {
    const isIt: IsIt = (envelope) => envelope.a === a && envelope.b === b
    const busy = this.#busy()
    const gaveUp = new TroupeError('CANCELLED', 'the caller gave up waiting')
    const position = this.#abortRunning(isIt, gaveUp) ? undefined : this.#takeBack(isIt)
    return position === undefined ? busy : { ...busy, position }
  }

  interrupt(id: string): void {
    const isIt: IsIt = (envelope) => envelope.id === id
    const interrupted = new TroupeError('CANCELLED', `the turn of ${id} was interrupted`)
    if (!this.#abortRunning(isIt, interrupted)) this.#takeBack(isIt)
  }

  /** True when this actor has the message: in a turn, or waiting for one. */
  has(id: string): boolean {
    const { turn, mailbox, stash, doorstep, followers } = this.#cell
    if (turn?.envelope?.id === id) return true
    return [mailbox, stash, doorstep ?? [], followers ?? []].some((place) => {
      for (const envelope of place) if (envelope.id === id) return true
      return false
    })
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
    const cell = this.#cell
    const position = cell.mailbox.positionOf(isIt)
    if (position !== undefined) {
      cell.withdraw(isIt, (envelope) => cell.discard(envelope, 'cancelled'))
      return position
    }
    const found =
      cell.doorstep?.remove(isIt) ?? cell.followers?.remove(isIt) ?? this.#takeRead(isIt)
    if (found === undefined) return undefined
    cell.release(found.envelope, Count.pending)
    cell.discard(found.envelope, 'cancelled')
    return cell.mailbox.size + found.position
  }

  #takeRead(isIt: IsIt): { readonly envelope: Envelope; readonly position: number } | undefined {
    const { reads } = this.#cell
    for (let position = 0; position < (reads?.length ?? 0); position += 1) {
      if (!isIt(reads?.at(position) as Envelope)) continue
      return { envelope: reads?.removeAt(position) as Envelope, position }
    }
    return undefined
  }

  #busy(): Whereabouts | undefined {
    const { turn, readings, host } = this.#cell
    const running = turn ?? readings.values().next().value
    if (running?.envelope === undefined) return undefined
    const busyFor = host.clock.mono() - running.startedMono
    return { busyWith: running.envelope.name, busyFor }
  }
}
