/**
 * What one turn waits for, and the search for rings among such waits (T4).
 *
 * An ask carries the chain of turns that wait for it, so one that closes a ring by itself fails at
 * once. Asks from different roots may still cross; then nobody has the whole ring. An ask that has
 * waited for a second therefore sends a probe to its receiver, which goes on along every ask of the
 * turn there, and so on. A probe that comes back to the turn that sent it has gone round a ring, and
 * its ask fails.
 *
 * Invariants
 * 1. A probe goes on only from an actor that still holds the message it follows: an edge that is
 *    gone ends it, so nothing that merely waits long is taken for a ring.
 * 2. Of the turns of a ring only the youngest's probe goes round: exactly one ask fails.
 */
import { TroupeError } from '../../mailbox/errors.ts'
import type { Ask, AskWaiter } from './ask-table.ts'
import type { CellHost } from './ports.ts'
import type { Probe } from './signal.ts'

/** Most asks, deliveries and streams that a turn may have open (M5): one more fails at once. */
export const openAsksCapacity = 1_024

/** The turn that waits. */
interface Waiting {
  readonly cell: { readonly id: string }
  readonly host: CellHost
  readonly startedMono: number
}

export class OpenAsks implements AskWaiter {
  readonly #turn: Waiting
  readonly #asks = new Set<Ask>()

  constructor(turn: Waiting) {
    this.#turn = turn
  }

  follow(ask: Ask): void {
    this.#asks.add(ask)
    ask.followedBy(this)
  }

  askSettled(ask: Ask): void {
    this.#asks.delete(ask)
  }

  /** Fails all of them; `takeBack` when nobody will ask for the same again. */
  fail(reason: unknown, takeBack: boolean): void {
    for (const ask of this.#asks) {
      ask.fail(reason)
      if (takeBack) this.#turn.host.asks.abandon(ask)
    }
  }

  /** One of them has waited long enough to look for a ring. */
  suspect(ask: Ask): void {
    const { cell, startedMono } = this.#turn
    this.#send(ask, { origin: cell.id, startedAt: startedMono, call: ask.call, path: [cell.id] })
  }

  /** A probe reached this turn: round the ring, or on along every ask that is out. */
  probe({ message: _message, ...probe }: Probe): void {
    const { cell, host } = this.#turn
    if (probe.origin === cell.id) {
      const ask = host.asks.get(probe.call)
      if (ask?.waiter === this) ask.fail(cycleError([...probe.path, cell.id]))
      return
    }
    if (this.#isYounger(probe) || probe.path.includes(cell.id)) return
    for (const ask of this.#asks) this.#send(ask, { ...probe, path: [...probe.path, cell.id] })
  }

  #isYounger({ startedAt, origin }: Omit<Probe, 'message'>): boolean {
    const { cell, startedMono } = this.#turn
    return startedMono > startedAt || (startedMono === startedAt && cell.id > origin)
  }

  #send(ask: Ask, probe: Omit<Probe, 'message'>): void {
    this.#turn.host.signal(ask.to, { kind: 'probe', probe: { ...probe, message: ask.id } })
  }
}

/** What the ask over the bound is told. */
export function tooManyAsks(who: string, what: string): TroupeError {
  return new TroupeError(
    'MAILBOX_FULL',
    `${what}: the turn of ${who} already waits for ${openAsksCapacity} asks, deliveries and streams; await some of them first`,
    { fields: { actor: who, capacity: openAsksCapacity } },
  )
}

/** @throws ASK_CYCLE when `to` is one of the turns that wait for the one that asks */
export function checkCycle(
  host: CellHost,
  to: { readonly id: string; readonly type: string },
  name: string,
  chain: readonly string[],
): void {
  const at = chain.indexOf(to.id)
  if (at < 0) return
  const definition = host.definition(to.type)
  // No turn keeps the reads of a durable actor waiting (T1).
  if (definition?.behavior.durable === true && definition.reads.has(name)) return
  throw cycleError([...chain.slice(at), to.id])
}

function cycleError(cycle: readonly string[]): TroupeError {
  return new TroupeError(
    'ASK_CYCLE',
    `this ask would wait for itself: ${cycle.join(' asks ')}; use tell, or a read handler`,
    { fields: { cycle } },
  )
}
