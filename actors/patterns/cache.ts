/**
 * A cache around an asynchronous function: what it answered is kept in this thread's memory for a while.
 * What must survive the process is kept by the stages of a pipeline (`pipeline.ts`).
 *
 * 1. One call at a time for one key: whoever asks meanwhile waits for that call.
 * 2. A failed or aborted call leaves nothing behind.
 * 3. What was begun before `delete` or `clear` is answered and not kept.
 * 4. What is kept is a frozen copy: no caller can change what the others get. (Typed arrays cannot be
 *    frozen; leave them as they are.)
 * 5. Nothing wakes: what is out of date goes when it is looked at, or when there is no room (S4).
 */
import { type Clock, SystemClock } from '../../mailbox/clock.ts'
import {
  aDuration,
  aFunction,
  anInteger,
  anObject,
  aText,
  checkOptions,
  type OptionCheck,
} from '../../mailbox/options.ts'
import { copyEncodable } from '../../persistence/copy.ts'
import { deepFreeze } from '../../persistence/freeze.ts'
import type { Meter } from '../meter.ts'
import { ByteLru } from './byte-lru.ts'
import { canonicalHash, canonicalText } from './canonical.ts'
import { cancelled, Flight } from './flight.ts'

/** Options of {@link cached}. */
export interface CacheOptions<Input, Result> {
  /**
   * What tells calls apart; default the whole input. Leave out only what the result does not depend on.
   * Its SHA-256 over canonical JSON is the key.
   */
  readonly key?: (input: Input) => unknown
  /** Most bytes of results, as canonical JSON. Default 64 MiB. */
  readonly maxBytes?: number
  /** How long in ms a result is good; default 300,000. */
  readonly ttl?: number
  /**
   * Each result is good for a part of `ttl` less, up to this share of it, so that what was made together
   * is not made anew together. 0 to 1; default 0.1.
   */
  readonly jitter?: number
  /** For so many ms after that a result is still given at once, while one call renews it. Default 0. */
  readonly stale?: number
  /** What a call cost, by its result, for {@link CacheStats.costSaved}. Default 0. */
  readonly cost?: (result: Result) => number
  /** Where lookups are counted: `host.meter` of the app's `deps`. Default: only in `stats()`. */
  readonly meter?: Meter | undefined
  /** Its name there, `cache_type`: one of a few. Default `cached`. */
  readonly name?: string
  /** Default: the system's clock; only its monotonic time counts. */
  readonly clock?: Clock
  /** Jitter, 0 to 1. Default: `Math.random`. */
  readonly random?: () => number
}

/** How a cache does. */
export interface CacheStats {
  /** Times it was asked: `hits + stale + misses + coalesced`. */
  readonly lookups: number
  /** Answered at once with a good result. */
  readonly hits: number
  /** Answered at once with one that was past its time and is being renewed. */
  readonly stale: number
  /** Began a call. */
  readonly misses: number
  /** Waited for a call that somebody else had begun. */
  readonly coalesced: number
  /** Share of lookups that waited for no call: hits and stale ones; 0 when there were none. */
  readonly hitRate: number
  /** Calls of the function: misses and renewals. */
  readonly calls: number
  /** Calls that failed, those apart that were aborted because nobody waited any more. */
  readonly errors: number
  /** Lookups less calls. */
  readonly callsSaved: number
  /** What the calls cost that were made. */
  readonly costPaid: number
  /** What calling for each answer would have cost more. */
  readonly costSaved: number
  /** Results that are kept. */
  readonly entries: number
  /** What they take, as canonical JSON and with 256 bytes for each. */
  readonly bytes: number
  /** Results that had to make room. */
  readonly evicted: number
  /** Results that were too large to be kept. */
  readonly oversized: number
}

/** A function with a cache around it; made by {@link cached}. */
export interface Cached<Input, Result> {
  /**
   * @param options `signal` ends this caller's wait, and the call when nobody else waits for it
   * @throws CANCELLED, NOT_ENCODABLE for an input or result that is no plain data, and what the function throws
   */
  (input: Input, options?: { readonly signal?: AbortSignal }): Promise<Result>
  /** Counts since it was made. */
  stats(): CacheStats
  /** Forgets one result; false when there was none. A call under way is answered and not kept. */
  delete(input: Input): boolean
  /** Forgets all results. */
  clear(): void
}

type Call<Input, Result> = (
  input: Input,
  options: { readonly signal: AbortSignal },
) => Promise<Result> | Result

interface Kept<Result> extends Answer<Result> {
  readonly goodUntil: number
  readonly staleUntil: number
}

interface Answer<Result> {
  readonly result: Result
  readonly cost: number
}

/**
 * Puts a cache around a function: `const ask = cached((request: ModelRequest, { signal }) =>
 * model.generate(request, { signal }))`.
 *
 * @param call takes all that its result depends on as one input of plain data
 * @throws OPTION_INVALID
 */
export function cached<Input, Result>(
  call: Call<Input, Result>,
  options: CacheOptions<Input, Result> = {},
): Cached<Input, Result> {
  checkOptions('cached', options, checks)
  const cache = new Cache(call, options)
  return Object.assign(
    (input: Input, given: { readonly signal?: AbortSignal } = {}) => cache.get(input, given.signal),
    {
      stats: () => cache.stats(),
      delete: (input: Input) => cache.delete(input),
      clear: () => cache.clear(),
    },
  )
}

class Cache<Input, Result> {
  readonly #call: Call<Input, Result>
  readonly #options: CacheOptions<Input, Result>
  readonly #clock: Clock
  readonly #kept: ByteLru<Kept<Result>>
  readonly #flights = new Map<string, Flight<Answer<Result>>>()
  readonly #counts = {
    hits: 0,
    stale: 0,
    misses: 0,
    coalesced: 0,
    calls: 0,
    errors: 0,
    oversized: 0,
  }
  #paid = 0
  #worth = 0

  constructor(call: Call<Input, Result>, options: CacheOptions<Input, Result>) {
    this.#call = call
    this.#options = options
    this.#clock = options.clock ?? new SystemClock()
    this.#kept = new ByteLru(options.maxBytes ?? 64 * 1024 * 1024)
  }

  async get(input: Input, signal: AbortSignal | undefined): Promise<Result> {
    if (signal?.aborted === true) throw cancelled(signal)
    const key = this.#keyOf(input)
    const { result, cost } = this.#look(key, input) ?? (await this.#wait(key, input, signal))
    this.#worth += cost
    return result
  }

  delete(input: Input): boolean {
    const key = this.#keyOf(input)
    this.#flights.delete(key)
    return this.#kept.delete(key)
  }

  clear(): void {
    this.#flights.clear()
    this.#kept.clear()
  }

  stats(): CacheStats {
    const { hits, stale, misses, coalesced, calls, errors, oversized } = this.#counts
    const { size: entries, bytes, evicted } = this.#kept
    const lookups = hits + stale + misses + coalesced
    return {
      ...{ lookups, hits, stale, misses, coalesced },
      hitRate: lookups === 0 ? 0 : (hits + stale) / lookups,
      ...{ calls, errors, callsSaved: lookups - calls },
      ...{ costPaid: this.#paid, costSaved: this.#worth - this.#paid },
      ...{ entries, bytes, evicted, oversized },
    }
  }

  #keyOf(input: Input): string {
    const { key } = this.#options
    return canonicalHash(key === undefined ? input : key(input), 'the input of a cached function')
  }

  /** What can be answered at once. */
  #look(key: string, input: Input): Answer<Result> | undefined {
    const kept = this.#kept.get(key)
    const now = this.#clock.mono()
    if (kept === undefined || now >= kept.staleUntil) return undefined
    if (now < kept.goodUntil) this.#note('hits')
    else {
      this.#note('stale')
      if (!this.#flights.has(key)) this.#begin(key, input).keep()
    }
    return kept
  }

  #wait(key: string, input: Input, signal: AbortSignal | undefined): Promise<Answer<Result>> {
    const flying = this.#flights.get(key)
    this.#note(flying === undefined ? 'misses' : 'coalesced')
    return (flying ?? this.#begin(key, input)).join(signal)
  }

  #note(how: 'hits' | 'stale' | 'misses' | 'coalesced'): void {
    const { meter, name = 'cached' } = this.#options
    this.#counts[how] += 1
    meter?.add(how === 'misses' ? 'troupe_cache_misses_total' : 'agent_cache_hits_total', 1, name)
  }

  #begin(key: string, input: Input): Flight<Answer<Result>> {
    this.#counts.calls += 1
    const isCurrent = (): boolean => this.#flights.get(key) === flight
    const over = (): void => {
      if (isCurrent()) this.#flights.delete(key)
    }
    const run = async (signal: AbortSignal): Promise<Answer<Result>> => {
      // Not before `flight` is known.
      await undefined
      try {
        const answer = this.#answer(await this.#call(input, { signal }))
        if (isCurrent()) this.#keep(key, answer)
        return answer
      } catch (error) {
        if (!signal.aborted) this.#counts.errors += 1
        throw error
      } finally {
        over()
      }
    }
    const flight = new Flight(run, over)
    this.#flights.set(key, flight)
    return flight
  }

  #answer(given: Result): Answer<Result> {
    const result = deepFreeze(copyEncodable(given, 'the result of a cached function'))
    const cost = this.#options.cost?.(result) ?? 0
    this.#paid += cost
    return { result, cost }
  }

  #keep(key: string, answer: Answer<Result>): void {
    const { ttl = 300_000, jitter = 0.1, stale = 0, random = Math.random } = this.#options
    const goodUntil = this.#clock.mono() + ttl * (1 - jitter * random())
    const bytes = Buffer.byteLength(canonicalText(answer.result))
    const fits = this.#kept.set(key, { ...answer, goodUntil, staleUntil: goodUntil + stale }, bytes)
    if (!fits) this.#counts.oversized += 1
  }
}

export const aShare: OptionCheck = (value) =>
  typeof value === 'number' && value >= 0 && value <= 1 ? undefined : 'a number from 0 to 1'

const checks = {
  key: aFunction,
  maxBytes: anInteger(0),
  ttl: aDuration,
  jitter: aShare,
  stale: aDuration,
  cost: aFunction,
  meter: anObject,
  name: aText,
  clock: anObject,
  random: aFunction,
}
