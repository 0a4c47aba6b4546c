/**
 * Open asks of one thread: each is settled exactly once, by its reply, its deadline, its caller's
 * abort, or the death of the thread that held it.
 */
import type { Alarms, Due } from '../../mailbox/alarms.ts'
import type { ReplySink } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { formatMessageId, type MessageId } from '../../mailbox/message-id.ts'
import type { Settled } from '../../mailbox/outcome.ts'
import type { OpenSpan } from '../span.ts'
import type { Departing } from './tracing.ts'

/** Milliseconds an ask waits by default. */
export const defaultAskWithin = 60_000

/** What an actor can say about a message that somebody stopped waiting for. */
export interface Whereabouts {
  /** Messages before it in its mailbox; absent when it is running or gone. */
  readonly position?: number
  /** The handler that holds the actor, and for how long (ms). */
  readonly busyWith?: string
  readonly busyFor?: number
}

/** Asks the receiver's thread where a message is, and to give it up. */
export type GiveUp = (ask: Ask) => Whereabouts | undefined | Promise<Whereabouts | undefined>

/** Milliseconds after which an ask looks for a cycle it may be part of (T4); then doubling. */
export const probeAfter = 1_000

/** What an ask tells the turn that waits for it. */
export interface AskWaiter {
  askSettled(ask: Ask): void
  suspect(ask: Ask): void
}

/** One open ask. It is its own reply sink. */
export class Ask implements ReplySink, Due, Departing {
  at: number
  slot = -1
  readonly call: number
  readonly to: string
  readonly name: string
  readonly openedAt: number
  /** Identity of the message, set when it has an envelope. */
  a = 0
  b = 0
  /** The message's own id, where it has one. */
  ownId: string | undefined
  /** Accepted in the store under the caller's own id: a timeout leaves it there, the caller may come again. */
  isStored = false
  /** What the caller waits for: a reply, or room in a mailbox (`deliver`). */
  verb: 'ask' | 'deliver' = 'ask'
  readonly promise: Promise<unknown>
  #resolve!: (value: unknown) => void
  #reject!: (error: unknown) => void
  readonly #table: AskTable
  #givenUp = false
  #detach: (() => void) | undefined
  settled = false
  /** Of its sending, where that is recorded: over with the reply. */
  span: OpenSpan | undefined
  /** The turn that waits; told when it is over, and asked to probe for a cycle (T4). */
  waiter: AskWaiter | undefined
  /** Where a stream's items go; absent for a plain ask. */
  items: { push(value: unknown): boolean | Promise<boolean> } | undefined
  /** When it gives up, in monotonic ms; `at` may be earlier, to look for a cycle first. */
  readonly deadline: number

  constructor(table: AskTable, call: number, to: string, name: string, now: number, at: number) {
    this.#table = table
    this.call = call
    this.to = to
    this.name = name
    this.openedAt = now
    this.at = at
    this.deadline = at
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  settle(result: Settled): void {
    // What it says now is only that it was taken back; a reply that just made it still counts.
    if (this.settled || (this.#givenUp && !result.ok)) return
    this.#close(result)
  }

  #close(result: Settled): void {
    this.settled = true
    this.#detach?.()
    this.#table.close(this)
    this.span?.end(result.ok ? undefined : result.error)
    this.waiter?.askSettled(this)
    if (result.ok) this.#resolve(result.value)
    else this.#reject(result.error)
  }

  item(value: unknown): boolean | Promise<boolean> {
    return !this.settled && (this.items?.push(value) ?? true)
  }

  fail(error: unknown): void {
    if (!this.settled) this.#close({ ok: false, error })
  }

  /** From now on the caller alone decides how it failed. */
  givenUp(): void {
    this.#givenUp = true
  }

  /** Id of the message. */
  get id(): MessageId {
    return this.ownId ?? formatMessageId(this.a, this.b)
  }

  /** Makes a turn the waiter: from now on the ask also looks for cycles. */
  followedBy(waiter: AskWaiter): void {
    this.waiter = waiter
    this.#table.probeAt(this, this.openedAt + probeAfter)
  }

  /** The deadline passed, or it is time to look for a cycle. */
  due(): void {
    if (this.at >= this.deadline) return this.#table.timedOut(this)
    this.waiter?.suspect(this)
    this.#table.probeAt(this, this.openedAt + (this.at - this.openedAt) * 2)
  }

  /** Rejects with CANCELLED when the caller's signal aborts, and takes the message back. */
  abortWith(signal: AbortSignal): void {
    const abort = (): void => {
      this.#table.cancelled(this, signal.reason)
    }
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    this.#detach = () => signal.removeEventListener('abort', abort)
  }
}

export class AskTable {
  readonly #open = new Map<number, Ask>()
  readonly #alarms: Alarms
  readonly #giveUp: GiveUp
  #calls = 0

  constructor(alarms: Alarms, giveUp: GiveUp) {
    this.#alarms = alarms
    this.#giveUp = giveUp
  }

  get size(): number {
    return this.#open.size
  }

  /** @param at monotonic deadline in ms */
  open(to: string, name: string, now: number, at: number): Ask {
    this.#calls += 1
    const ask = new Ask(this, this.#calls, to, name, now, at)
    this.#open.set(ask.call, ask)
    this.#alarms.add(ask)
    return ask
  }

  /** Moves the alarm of an open ask, never past its deadline. */
  probeAt(ask: Ask, at: number): void {
    if (ask.settled) return
    this.#alarms.remove(ask)
    ask.at = Math.min(at, ask.deadline)
    this.#alarms.add(ask)
  }

  get(call: number): Ask | undefined {
    return this.#open.get(call)
  }

  close(ask: Ask): void {
    this.#open.delete(ask.call)
    this.#alarms.remove(ask)
  }

  /** Fails every open ask that `match` accepts: their thread died, or the system closes. */
  failAll(error: (ask: Ask) => unknown, match: (ask: Ask) => boolean = () => true): void {
    for (const ask of [...this.#open.values()]) if (match(ask)) ask.fail(error(ask))
  }

  /** Tells the receiver that nobody waits any more. */
  abandon(ask: Ask): void {
    void this.#giveUp(ask)
  }

  timedOut(ask: Ask): void {
    ask.givenUp()
    const found = ask.isStored ? undefined : this.#giveUp(ask)
    if (found instanceof Promise) {
      found.then(
        (where) => ask.fail(timeout(ask, where)),
        () => ask.fail(timeout(ask, undefined)),
      )
    } else {
      ask.fail(timeout(ask, found))
    }
  }

  cancelled(ask: Ask, reason: unknown): void {
    ask.fail(
      new TroupeError('CANCELLED', `the caller aborted ${ask.name} to ${ask.to}`, {
        cause: reason,
      }),
    )
    void this.#giveUp(ask)
  }
}

function timeout(ask: Ask, where: Whereabouts | undefined): TroupeError {
  return ask.verb === 'ask' ? noReply(ask, where) : noRoom(ask, where)
}

function noRoom(ask: Ask, where: Whereabouts | undefined): TroupeError {
  const waited = Math.round(ask.deadline - ask.openedAt)
  return new TroupeError(
    'MAILBOX_FULL',
    `the mailbox of ${ask.to} had no room for "${ask.name}" within ${waited} ms${describe(where)}; send less, pass a longer "within", or raise its capacity`,
    { fields: { to: ask.to, message: ask.name, within: waited, ...where } },
  )
}

function noReply(ask: Ask, where: Whereabouts | undefined): TroupeError {
  const waited = Math.round(ask.deadline - ask.openedAt)
  return new TroupeError(
    'ASK_TIMEOUT',
    `no reply from ${ask.to} to "${ask.name}" within ${waited} ms${describe(where)}; pass a longer "within", or look at the actor`,
    { fields: { to: ask.to, message: ask.name, within: waited, ...where } },
  )
}

function describe(where: Whereabouts | undefined): string {
  if (where === undefined) return ''
  const busy =
    where.busyWith === undefined
      ? ''
      : `, the actor is busy with "${where.busyWith}" for ${Math.round(where.busyFor ?? 0)} ms`
  return where.position === undefined ? busy : `: number ${where.position + 1} in its queue${busy}`
}
