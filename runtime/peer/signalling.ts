/**
 * Signals for actors that live on a thread: who is brought into memory for one, who is past hearing it,
 * and what becomes of bonds to actors of a thread that died (F6).
 */
import type { Cell } from '../../actors/cell/cell.ts'
import type { EarlyInterrupts } from '../../actors/cell/early-interrupts.ts'
import type { Signal } from '../../actors/cell/signal.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Fallen } from './fallen.ts'
import type { Watching } from './watching.ts'

/** The thread whose actors are signalled. */
export interface SignalledThread {
  readonly slot: number
  readonly residents: { get(id: string): Cell | undefined }
  readonly watching: Watching
  readonly fallen: Fallen
  readonly interrupts: EarlyInterrupts
  slotOf(address: string): number
  isDurable(id: string): boolean
  activate(id: string): Cell | undefined
  /** Has the store tell all durable watchers that an actor ended. */
  recordEnd(actor: string): Promise<void>
  /** It may have nothing to do now. */
  rested(cell: Cell): void
  signal(to: string, signal: Signal): void
}

export class Signalling {
  readonly #thread: SignalledThread

  constructor(thread: SignalledThread) {
    this.#thread = thread
  }

  /** A signal for an actor that lives here. */
  signalled(to: string, signal: Signal): void {
    const { residents, watching, fallen, rested } = this.#thread
    const cell = residents.get(to)
    switch (signal.kind) {
      case 'watch':
        return watching.watch(to, signal.by)
      case 'unwatch':
        watching.unwatch(to, signal.by)
        return cell && rested.call(this.#thread, cell)
      case 'adopt':
        fallen.pardon(to)
        return this.#receive(to, signal, cell)
      case 'wake':
        return this.#receive(to, signal, cell)
      case 'terminated':
      case 'child-ended':
        if (cell === undefined && !this.#thread.isDurable(to)) return
        return this.#receive(to, signal, cell)
      case 'stop':
        if (cell !== undefined) return cell.receiveSignal(signal)
        return signal.by === undefined ? undefined : void this.#stopAbsent(to, signal.by)
      case 'interrupt':
        if (cell !== undefined) return cell.receiveSignal(signal)
        // Its message may be in the store, or on its way; a volatile actor that is not here gave no right.
        return this.#thread.isDurable(to) ? this.#thread.interrupts.keep(to, signal) : undefined
      default:
        return cell?.receiveSignal(signal)
    }
  }

  /** A durable child that is not in memory ends all the same: those who watch it hear of it (F6). */
  async #stopAbsent(child: string, parent: string): Promise<void> {
    if (this.#thread.isDurable(child)) await this.#thread.recordEnd(child)
    this.#thread.signal(parent, { kind: 'child-ended', child })
  }

  /** By who is here, or comes up for it: where it lives and nowhere else, whoever sent the signal here. */
  #receive(to: string, signal: Signal, cell: Cell | undefined): void {
    if (cell !== undefined) return cell.receiveSignal(signal)
    if (this.#thread.slotOf(to) !== this.#thread.slot) return this.#thread.signal(to, signal)
    this.#thread.activate(to)?.receiveSignal(signal)
  }

  /**
   * Another slot has a new incarnation. Durable actors there are watched again; volatile ones are gone,
   * and whoever watched them is told.
   */
  rebind(cell: Cell, slot: number): void {
    const { watching, children, parent } = cell.family
    const lived = (id: string): boolean => this.#thread.slotOf(id) === slot
    for (const id of [...watching].filter(lived)) {
      if (this.#thread.isDurable(id)) this.#thread.signal(id, { kind: 'watch', by: cell.id })
      else cell.receiveSignal({ kind: 'terminated', who: id })
    }
    for (const child of [...children].filter(lived)) {
      if (this.#thread.isDurable(child)) this.#thread.signal(child, bondOf(cell))
      else cell.receiveSignal({ kind: 'child-ended', child, error: hostLost(child) })
    }
    if (parent !== undefined && lived(parent) && !this.#thread.isDurable(parent)) {
      cell.receiveSignal({ kind: 'stop', reason: 'stopped' })
    }
  }
}

/** What a child's new thread has to know of its parent, which may have told the old one to stop it. */
function bondOf({ id, phase }: Cell): Signal {
  return phase === 'stopping'
    ? { kind: 'stop', reason: 'stopped', by: id }
    : { kind: 'adopt', parent: id }
}

function hostLost(id: string): TroupeError {
  return new TroupeError('HOST_LOST', `the thread of ${id} died`, { fields: { actor: id } })
}
