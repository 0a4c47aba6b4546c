/**
 * What one thread is at, in shared memory, so that another can tell when it is stuck (F5): since when
 * it has not been back at its event loop, and the message it took into hand or resumed last.
 *
 * Costs the thread a few stores each time; the watcher sleeps in `Atomics.waitAsync` while the thread
 * rests, and is woken by the first thing the thread does after that (S4).
 * ```
 * i32 0: 1 while the watcher is awake     1: length of the actor    2: length of the name
 * f64 2: monotonic ms since when busy, 0 at rest     3, 4: identity of the message     5: goes so far
 * u16 from byte 48: actor, from byte 48 + 2 × actorLength: name
 * ```
 */
import { maxKeyLength, maxTypeLength } from '../../mailbox/address.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { formatMessageId, type MessageId } from '../../mailbox/message-id.ts'

const actorLength = maxTypeLength + 1 + maxKeyLength
const nameLength = 128
const textAt = 48
const size = textAt + 2 * (actorLength + nameLength)

/** A message that a thread has in hand. */
export interface AtHand {
  /** `type/key`. */
  readonly actor: string
  /** Message name. */
  readonly message: string
  readonly id: MessageId
}

export class BusyNote {
  readonly shared: SharedArrayBuffer
  readonly #flags: Int32Array<SharedArrayBuffer>
  readonly #numbers: Float64Array
  readonly #actor: Uint16Array
  readonly #name: Uint16Array
  #lastActor = ''
  #lastName = ''

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(size)) {
    this.shared = shared
    this.#flags = new Int32Array(shared, 0, 3)
    this.#numbers = new Float64Array(shared, 0, 6)
    this.#actor = new Uint16Array(shared, textAt, actorLength)
    this.#name = new Uint16Array(shared, textAt + 2 * actorLength, nameLength)
  }

  // ── the thread itself ─────────────────────────────────────────────────────────────────────────

  /** From now on the thread may run user code until {@link rest}. */
  begin(now: number): void {
    this.#numbers[2] = now
    this.#numbers[5] = (this.#numbers[5] as number) + 1
    if (Atomics.load(this.#flags, 0) === 1) return
    Atomics.store(this.#flags, 0, 1)
    Atomics.notify(this.#flags, 0)
  }

  /** The event loop has its turn. */
  rest(): void {
    this.#numbers[2] = 0
  }

  /** A message whose handler starts or goes on. */
  hand({ to, name, a, b }: Envelope): void {
    this.#numbers[3] = a
    this.#numbers[4] = b
    if (to !== this.#lastActor) {
      this.#flags[1] = put(this.#actor, to)
      this.#lastActor = to
    }
    if (name === this.#lastName) return
    this.#flags[2] = put(this.#name, name)
    this.#lastName = name
  }

  // ── its watcher ───────────────────────────────────────────────────────────────────────────────

  /** Monotonic ms since when the thread has not been back at its event loop; 0 when it is. */
  get since(): number {
    return this.#numbers[2] as number
  }

  /** Grows with every go. */
  get goes(): number {
    return this.#numbers[5] as number
  }

  get atHand(): AtHand {
    const [, actor = 0, name = 0] = this.#flags
    return {
      actor: String.fromCharCode(...this.#actor.subarray(0, actor)),
      message: String.fromCharCode(...this.#name.subarray(0, name)),
      id: formatMessageId(this.#numbers[3] as number, this.#numbers[4] as number),
    }
  }

  /** Resolves when the thread has something to do again; at once if it has already. */
  async untilBusy(): Promise<void> {
    Atomics.store(this.#flags, 0, 0)
    if (this.since !== 0) return void Atomics.store(this.#flags, 0, 1)
    await Atomics.waitAsync(this.#flags, 0, 0).value
  }

  /** Wakes whoever waits in {@link untilBusy}: nothing comes from this thread any more. */
  release(): void {
    Atomics.store(this.#flags, 0, 1)
    Atomics.notify(this.#flags, 0)
  }
}

function put(place: Uint16Array, text: string): number {
  const length = Math.min(text.length, place.length)
  for (let i = 0; i < length; i += 1) place[i] = text.charCodeAt(i)
  return length
}
