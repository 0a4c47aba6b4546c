/**
 * The reply sink of a message that came from another thread: answers travel back over its link, and
 * a stream waits when too many items are out.
 */
import type { ReplySink } from '../../mailbox/envelope.ts'
import type { Settled } from '../../mailbox/outcome.ts'

/** Items out before the producer waits. */
const itemWindow = 64

/** The link's side of all its sinks. */
export interface SinkWire {
  settle(sink: RemoteSink, result: Settled): void
  /** @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE */
  item(sink: RemoteSink, value: unknown): void
  /** The first item goes out: credit will come back for this sink. */
  opened(sink: RemoteSink): void
}

export class RemoteSink implements ReplySink {
  readonly number: number
  /** Who answers, `type/key`, and to which message: for errors. */
  readonly to: string
  readonly name: string
  readonly #wire: SinkWire
  #out = 0
  #gone = false
  #settled = false
  #room: ((wanted: boolean) => void) | undefined

  constructor(number: number, to: string, name: string, wire: SinkWire) {
    this.number = number
    this.to = to
    this.name = name
    this.#wire = wire
  }

  settle(result: Settled): void {
    if (this.#settled) return
    this.#settled = true
    this.#wire.settle(this, result)
  }

  /** @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE */
  item(value: unknown): boolean | Promise<boolean> {
    if (this.#gone || this.#settled) return false
    if (this.#out === 0) this.#wire.opened(this)
    this.#wire.item(this, value)
    this.#out += 1
    if (this.#out < itemWindow) return true
    return new Promise((resolve) => {
      this.#room = resolve
    })
  }

  /** The consumer took an item, or has gone. */
  credit(wanted: boolean): void {
    this.#out -= 1
    if (!wanted) this.#gone = true
    const room = this.#room
    this.#room = undefined
    room?.(wanted)
  }
}
