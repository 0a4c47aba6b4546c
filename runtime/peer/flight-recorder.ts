/**
 * The flight recorder of one thread: the headers of the last messages that were taken into hand, so
 * that whoever looks at a failure sees what led to it.
 *
 * Numbers lie in shared memory and can be read when the thread is dead; texts are its own. Payloads
 * are not kept: a thousand of them could hold any amount of memory.
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import { type LaneName, type LaneNumber, laneNames } from '../../mailbox/lane.ts'
import { formatMessageId, type MessageId } from '../../mailbox/message-id.ts'

/** Messages remembered; a power of two. */
export const flightLength = 1_024
const mask = flightLength - 1
/** `a`, `b`, monotonic ms, row of the type × 8 + lane. */
const columns = 4

/** One message that was taken into hand. */
export interface FlightEntry {
  /** Monotonic ms of the slice that took it. */
  readonly at: number
  readonly id: MessageId
  readonly lane: LaneName
  /** Receiver's actor type. */
  readonly type: string
  /** Receiver, sender and message name; absent when the thread is dead. */
  readonly to?: string
  readonly from?: string
  readonly name?: string
}

export class FlightRecorder {
  readonly shared: SharedArrayBuffer
  readonly #numbers: Float64Array
  readonly #to: string[] = new Array(flightLength).fill('')
  readonly #from: string[] = new Array(flightLength).fill('')
  readonly #names: string[] = new Array(flightLength).fill('')

  constructor(shared: SharedArrayBuffer = FlightRecorder.allocate()) {
    this.shared = shared
    this.#numbers = new Float64Array(shared)
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer((flightLength * columns + 1) * Float64Array.BYTES_PER_ELEMENT)
  }

  /**
   * @param row of the receiver's type among the app's types
   * @param at monotonic ms
   */
  note(envelope: Envelope, row: number, at: number): void {
    const numbers = this.#numbers
    const count = numbers[flightLength * columns] as number
    const place = count & mask
    const first = place * columns
    numbers[first] = envelope.a
    numbers[first + 1] = envelope.b
    numbers[first + 2] = at
    numbers[first + 3] = row * 8 + envelope.lane
    this.#to[place] = envelope.to
    this.#from[place] = envelope.from
    this.#names[place] = envelope.name
    numbers[flightLength * columns] = count + 1
  }

  /** Oldest first, at most `last`. */
  entries(types: readonly string[], last: number = flightLength): FlightEntry[] {
    return placesOf(this.#numbers, last).map((place) => ({
      ...entryAt(this.#numbers, place, types),
      to: this.#to[place] as string,
      from: this.#from[place] as string,
      name: this.#names[place] as string,
    }))
  }
}

/** What a dead thread left in shared memory, oldest first. */
export function flightOf(shared: SharedArrayBuffer, types: readonly string[]): FlightEntry[] {
  const numbers = new Float64Array(shared)
  return placesOf(numbers, flightLength).map((place) => entryAt(numbers, place, types))
}

function placesOf(numbers: Float64Array, last: number): number[] {
  const count = numbers[flightLength * columns] as number
  const length = Math.min(count, last, flightLength)
  return Array.from({ length }, (_, i) => (count - length + i) & mask)
}

function entryAt(numbers: Float64Array, place: number, types: readonly string[]): FlightEntry {
  const [a = 0, b = 0, at = 0, tag = 0] = numbers.subarray(place * columns, (place + 1) * columns)
  return {
    at,
    id: formatMessageId(a, b),
    lane: laneNames[(tag & 7) as LaneNumber] ?? 'normal',
    type: types[tag >> 3] ?? '',
  }
}
