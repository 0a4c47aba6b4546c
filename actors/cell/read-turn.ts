/**
 * A read: a handler that only looks (T1). A durable actor's runs beside a turn, on the state of the
 * last ended one; a failing read fails its asker and nothing else.
 */
import { Count } from '../../mailbox/accounting.ts'
import type { Address } from '../../mailbox/address.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { laneNames } from '../../mailbox/lane.ts'
import type { Settled } from '../../mailbox/outcome.ts'
import type { Log, MessageInfo, ReadContext } from '../context.ts'
import type { Cell } from './cell.ts'
import { isPromise } from './invoke.ts'
import { makeLog } from './log.ts'

export class ReadTurn implements ReadContext {
  readonly self: Address
  readonly #cell: Cell
  readonly #envelope: Envelope
  readonly #state: () => unknown
  readonly #controller = new AbortController()

  /** @param state the state as of now; looked up at each access, since turns may end meanwhile */
  constructor(cell: Cell, envelope: Envelope, state: () => unknown) {
    this.#cell = cell
    this.#envelope = envelope
    this.#state = state
    this.self = { type: cell.type, key: cell.key }
  }

  get state(): unknown {
    return this.#state()
  }

  get deps(): unknown {
    return this.#cell.host.deps()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get log(): Log {
    return makeLog(this.#cell.host, this.#cell.id)
  }

  get message(): MessageInfo {
    const { id, name, lane, from, header } = this.#envelope
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
    return this.#cell.host.clock.wall()
  }

  /** Runs the handler; `gate` holds the answer back until what it saw is committed (D1). */
  run(gate?: (release: () => void) => void): void {
    const handler = this.#cell.definition.reads.get(this.#envelope.name)
    const answer = (result: Settled): void => {
      if (gate === undefined) this.#answer(result)
      else gate(() => this.#answer(result))
    }
    try {
      const result = handler?.(this, this.#envelope.payload)
      if (!isPromise(result)) return answer({ ok: true, value: this.#checked(result) })
      result.then(
        (value) => answer({ ok: true, value }),
        (error) => answer({ ok: false, error }),
      )
    } catch (error) {
      answer({ ok: false, error })
    }
  }

  #checked(value: unknown): unknown {
    return this.#cell.checkedReply(this.#envelope, value)
  }

  #answer(result: Settled): void {
    const cell = this.#cell
    const envelope = this.#envelope
    cell.release(envelope, Count.running)
    const { reply } = envelope.header
    if (result.ok || reply !== undefined) {
      cell.bump(Count.processed, 1)
      reply?.settle(result)
    } else {
      cell.host.deadLetter(envelope, 'failed', result.error)
    }
    cell.host.touched()
  }
}
