/**
 * The peer of a test system: the real one, which also notes every message, and with a schedule lets
 * each wait on its way as if it came from another thread.
 *
 * Invariant: what is sent to one actor, messages and signals alike, arrives in the order in which it
 * was sent, as over a link (T2).
 */

import type { Signal } from '../../actors/cell/signal.ts'
import { typeOf } from '../../mailbox/address.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { queued, type TellOutcome } from '../../mailbox/outcome.ts'
import { assertSendable } from '../../persistence/codec.ts'
import { Peer } from '../peer/peer.ts'
import type { PeerOptions } from '../peer/peer-options.ts'
import type { Observed } from './observed.ts'

export class TestPeer extends Peer {
  readonly #observed: Observed
  readonly #later: ((run: () => void) => void) | undefined
  /** What is on its way, by receiver. */
  readonly #lines = new Map<string, (() => void)[]>()

  /** @param later lets a hop pass; absent for a system whose messages arrive at once */
  constructor(options: PeerOptions, observed: Observed, later?: (run: () => void) => void) {
    super(options)
    this.#observed = observed
    this.#later = later
  }

  override get isStill(): boolean {
    return super.isStill && this.#lines.size === 0
  }

  override route(envelope: Envelope): TellOutcome {
    if (this.#later === undefined || !this.#mayTravel(envelope)) return this.#arrive(envelope)
    this.#send(envelope.to, () => answer(envelope, this.#arrive(envelope)))
    return queued
  }

  override fanOut(envelope: Envelope, position: number): void {
    this.#observed.add(envelope)
    super.fanOut(envelope, position)
  }

  override signal(to: string, signal: Signal): void {
    if (this.#later === undefined) return super.signal(to, signal)
    this.#send(to, () => super.signal(to, signal))
  }

  #arrive(envelope: Envelope): TellOutcome {
    this.#observed.add(envelope)
    return super.route(envelope)
  }

  /** What the door refuses at once it must refuse at once here too. */
  #mayTravel(envelope: Envelope): boolean {
    if (this.definition(typeOf(envelope.to)) === undefined) return false
    try {
      assertSendable(envelope.payload, envelope.name)
      return true
    } catch {
      return false
    }
  }

  #send(to: string, arrive: () => void): void {
    const line = this.#lines.get(to) ?? []
    this.#lines.set(to, line)
    line.push(arrive)
    if (line.length === 1) this.#move(to, line)
  }

  #move(to: string, line: (() => void)[]): void {
    this.#later?.(() => {
      line[0]?.()
      line.shift()
      if (line.length > 0) return this.#move(to, line)
      this.#lines.delete(to)
      this.touched()
    })
  }
}

/** The sender has gone on: whoever waits is told as a remote sender would be. */
function answer({ header, to }: Envelope, outcome: TellOutcome): void {
  const error = errorOf(outcome, to)
  if (error === undefined) return
  header.reply?.settle({ ok: false, error })
  header.accepted?.settle({ ok: false, error })
}

function errorOf(outcome: TellOutcome, to: string): TroupeError | undefined {
  if (outcome.status === 'refused') return outcome.error
  if (outcome.status !== 'full') return undefined
  return new TroupeError('MAILBOX_FULL', `${to} has no room; slow down or retry later`)
}
