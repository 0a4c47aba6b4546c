/**
 * Topics in, an async stream out. The recorded history is the queue: a reader takes events from it at its
 * own pace, from any position on, and what rings when there are more is only a bell.
 *
 * 1. Every event once, in the order of the history, as many readers as there are.
 * 2. Nothing waits in memory for a slow reader but one turn's events; no publisher is slowed down.
 * 3. It ends: at `until`, at the end of what is recorded (`follow: false`), or with CANCELLED.
 */
import { TroupeError } from '../../mailbox/errors.ts'
import { aBoolean, aFunction, anInteger, aSignal, checkOptions } from '../../mailbox/options.ts'
import { checkPattern, matchesTopic } from '../../persistence/topic.ts'
import { cancelled } from './flight.ts'

/** The part of a `System` that is needed. */
export interface EventSource {
  /** Recorded messages. */
  readonly history: {
    /** In the order of the history, at the reader's pace. */
    read(query: {
      readonly topic: string
      readonly after: number
      readonly signal?: AbortSignal
    }): AsyncIterable<RecordedEvent>
  }
  /** Rings for each published message; returns how to stop. */
  subscribe(pattern: string, listen: (published: { readonly position: number }) => void): () => void
}

/** One message of a topic, as the history has it. */
export interface RecordedEvent {
  readonly position: number
  readonly topic: string | undefined
  readonly payload: unknown
  /** Its sender, `type/key`; empty from outside. */
  readonly from: string
  /** Wall time in ms. */
  readonly at: number
}

/** One event of the stream. */
export interface TopicEvent extends Omit<RecordedEvent, 'topic'> {
  readonly topic: string
  /**
   * Where to go on once this one is dealt with: `after` of the next reader. Events of one turn share a
   * position: a reader that stops between two of them gets the first ones again.
   */
  readonly resume: number
}

/** Options of {@link events}. */
export interface EventsOptions {
  /** Topic patterns: `*` is one segment, `**` any number. An event that fits several comes once. */
  readonly topics: string | readonly string[]
  /** Position after which to begin; 0 for all that is kept. Default: with the next one that is published. */
  readonly after?: number
  /** Ends the stream with the event for which it answers true. */
  readonly until?: (event: TopicEvent) => boolean
  /** Whether it waits for more at the end of what is recorded; default true. */
  readonly follow?: boolean
  /** Ends it with CANCELLED. Abort it before the system closes: a stream that follows waits for more. */
  readonly signal?: AbortSignal
}

/**
 * The events of topics as an async stream.
 *
 * @param source a `System` with a store
 * @throws CANCELLED, OPTION_INVALID, ADDRESS_INVALID, SYSTEM_CLOSED
 */
export function events(
  source: EventSource,
  options: EventsOptions,
): AsyncGenerator<TopicEvent, void, void> {
  checkOptions('events', options, {
    topics: (value) => (isPatterns(value) ? undefined : 'a topic pattern, or a list of them'),
    after: anInteger(0),
    until: aFunction,
    follow: aBoolean,
    signal: aSignal,
  })
  const patterns = [options.topics].flat()
  for (const pattern of patterns) checkPattern(pattern)
  return stream(source, patterns, options)
}

const isPatterns = (value: unknown): boolean =>
  typeof value === 'string' || (Array.isArray(value) && value.length > 0)

async function* stream(
  source: EventSource,
  patterns: readonly string[],
  { after, until = () => false, follow = true, signal }: EventsOptions,
): AsyncGenerator<TopicEvent, void, void> {
  const bell = new Bell(source, patterns, signal)
  try {
    let from = after ?? (follow ? await bell.first() : 0)
    for (;;) {
      bell.check()
      for await (const turn of turns(source, patterns, from, signal)) {
        for (const event of turn) {
          yield event
          if (until(event)) return
          bell.check()
        }
        from = turn.at(-1)?.position ?? from
      }
      if (!follow) return
      await bell.after(from)
    }
  } finally {
    bell.stop()
  }
}

/** Events by the record that holds them. */
async function* turns(
  { history }: EventSource,
  patterns: readonly string[],
  after: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<TopicEvent[], void, void> {
  const [topic, ...others] = patterns as [string, ...string[]]
  const query = { topic: others.length === 0 ? topic : '**', after, ...(signal && { signal }) }
  let turn: RecordedEvent[] = []
  try {
    for await (const entry of history.read(query)) {
      if (!patterns.some((pattern) => matchesTopic(pattern, entry.topic as string))) continue
      if (turn.length > 0 && turn[0]?.position !== entry.position) {
        yield turn.map(eventOf)
        turn = []
      }
      turn.push(entry)
    }
  } catch (error) {
    throw signal?.aborted === true ? cancelled(signal) : error
  }
  if (turn.length > 0) yield turn.map(eventOf)
}

function eventOf(
  { position, topic, payload, from, at }: RecordedEvent,
  n: number,
  { length }: readonly unknown[],
): TopicEvent {
  const resume = n === length - 1 ? position : position - 1
  return { position, topic: topic as string, payload, from, at, resume }
}

/** Rings when something was published, and when the reader gives up. */
class Bell {
  readonly #signal: AbortSignal | undefined
  readonly #stops: readonly (() => void)[]
  #first: number | undefined
  #newest = 0
  #unrecorded = false
  #wake: (() => void) | undefined

  constructor(source: EventSource, patterns: readonly string[], signal: AbortSignal | undefined) {
    this.#signal = signal
    const ring = (): void => this.#wake?.()
    signal?.addEventListener('abort', ring, { once: true })
    this.#stops = [
      ...patterns.map((pattern) =>
        source.subscribe(pattern, ({ position }) => this.#rung(position)),
      ),
      () => signal?.removeEventListener('abort', ring),
    ]
  }

  stop(): void {
    for (const stop of this.#stops) stop()
  }

  /** @throws CANCELLED */
  check(): void {
    if (this.#signal?.aborted === true) throw cancelled(this.#signal)
  }

  /** The position before the first one that is heard of. */
  async first(): Promise<number> {
    await this.after(0)
    return (this.#first ?? 1) - 1
  }

  /** Waits for something later than a position. */
  async after(position: number): Promise<void> {
    while (this.#newest <= position) {
      this.check()
      if (this.#unrecorded) throw noStore()
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.check()
  }

  #rung(position: number): void {
    this.#unrecorded ||= position === 0
    this.#first ??= position
    this.#newest = Math.max(this.#newest, position)
    this.#wake?.()
  }
}

function noStore(): TroupeError {
  return new TroupeError(
    'OPTION_INVALID',
    'events: what is published is not recorded; start the system with the option "store", a path or "memory"',
  )
}
