/**
 * What was started within the last minute, so that a limit holds in every window of a minute: not only
 * in those that begin on the minute, and not twice around a burst as with a bucket that refills.
 *
 * Exact, at the cost of an entry for each start. A start counts what it reserved until it is known what
 * it used, and that at the time of its start.
 */
export const windowMs = 60_000

/** One start. */
export interface Start {
  readonly at: number
  readonly tokens: number
}

interface Entry extends Start {
  tokens: number
  gone: boolean
}

export class Minute {
  readonly #requests: number
  readonly #tokens: number
  #entries: Entry[] = []
  #from = 0
  #sum = 0

  constructor(requests: number, tokens: number) {
    this.#requests = requests
    this.#tokens = tokens
  }

  /** Tokens that count at this time. */
  tokensAt(now: number): number {
    this.#expire(now)
    return this.#sum
  }

  /** The earliest time, `now` or later, at which so many tokens fit as things stand. */
  fits(now: number, tokens: number): number {
    this.#expire(now)
    let count = this.#entries.length - this.#from
    let sum = this.#sum
    let at = now
    for (let next = this.#from; count >= this.#requests || sum + tokens > this.#tokens; next += 1) {
      const entry = this.#entries[next]
      if (entry === undefined) return at
      count -= 1
      sum -= entry.tokens
      at = entry.at + windowMs
    }
    return at
  }

  start(now: number, tokens: number): Start {
    const entry = { at: now, tokens, gone: false }
    this.#entries.push(entry)
    this.#sum += tokens
    return entry
  }

  /** What a start really used. */
  settle(start: Start, tokens: number): void {
    const entry = start as Entry
    if (!entry.gone) this.#sum += tokens - entry.tokens
    entry.tokens = tokens
  }

  #expire(now: number): void {
    for (;;) {
      const entry = this.#entries[this.#from]
      if (entry === undefined || entry.at + windowMs > now) break
      entry.gone = true
      this.#sum -= entry.tokens
      this.#from += 1
    }
    if (this.#from > 1_024 && this.#from * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#from)
      this.#from = 0
    }
  }
}
