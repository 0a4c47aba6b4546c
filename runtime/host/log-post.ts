/**
 * Log lines on their way to the main thread: each is posted as it is written, so that what a thread said
 * last before it died is not lost with it. What comes faster than it is taken in is dropped, counted, and
 * told with the next line that has room.
 */
import type { LogLevel, LogTurn } from '../../actors/cell/ports.ts'
import { encodeValue } from '../../persistence/codec.ts'
import type { Report } from '../wire/host-control.ts'
import { LogCredit } from '../wire/log-credit.ts'

type Fields = Readonly<Record<string, unknown>>

/** What a line takes besides its texts. */
const overhead = 200

/** Where lines are posted. */
interface Port {
  postMessage(report: Report): void
}

export class LogPost {
  readonly #port: Port
  readonly #credit: LogCredit
  readonly #now: () => number
  #dropped = 0

  /**
   * @param taken in shared memory, what the other side has taken in
   * @param now wall time in ms
   */
  constructor(port: Port, taken: SharedArrayBuffer, now: () => number) {
    this.#port = port
    this.#credit = new LogCredit(taken)
    this.#now = now
  }

  add(level: LogLevel, actor: string, message: string, given?: Fields, turn?: LogTurn): void {
    const fields = given && encodedFields(given)
    const cost = overhead + 2 * message.length + (fields?.byteLength ?? 0)
    if (!this.#credit.take(cost)) {
      this.#dropped += 1
      return
    }
    this.tellDropped()
    const at = this.#now()
    this.#port.postMessage({ kind: 'log', level, actor, message, fields, turn, at, cost })
  }

  /** Before the next line that has room, and when no more will come. */
  tellDropped(): void {
    if (this.#dropped === 0) return
    this.#port.postMessage({ kind: 'lines-dropped', count: this.#dropped })
    this.#dropped = 0
  }
}

/** A log line is never lost for a field that cannot be encoded. */
function encodedFields(fields: Fields): Uint8Array {
  try {
    return encodeValue(fields)
  } catch (error) {
    return encodeValue({ notEncodable: String(error) })
  }
}
