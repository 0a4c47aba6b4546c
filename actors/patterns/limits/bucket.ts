/**
 * Token buckets by name, within a bounded memory. A bucket is one number: when it will be full again
 * (the virtual scheduling of the generic cell rate algorithm), so that a full one need not be remembered.
 *
 * 1. What was taken within any time `t` is at most `burst + rate × t`, by what was used in the end.
 * 2. At most so many buckets are remembered. When more are in use, those nearest to being full are
 *    forgotten: whoever makes up names to be forgotten forgives others at most what they owe least.
 */

/** How fast a bucket fills, and how much it holds. */
export interface BucketRule {
  readonly perMinute: number
  /** Most that can be taken at once; default as much as fills in a minute. */
  readonly burst?: number
}

/** One bucket in use; the object is its identity. */
interface Bucket {
  fullAt: number
  /** All that was ever given back, in ms of filling. */
  returned: number
}

/** What was taken once. */
export interface Taken {
  readonly bucket: Bucket
  /** When the bucket was to be full after it. */
  readonly fullAt: number
  readonly returned: number
  readonly amount: number
}

export class Buckets {
  readonly burst: number
  /** Per ms. */
  readonly #rate: number
  readonly #most: number
  readonly #buckets = new Map<string, Bucket>()

  /** @param most buckets that are remembered */
  constructor({ perMinute, burst = perMinute }: BucketRule, most: number) {
    this.burst = burst
    this.#rate = perMinute / 60_000
    this.#most = most
  }

  get size(): number {
    return this.#buckets.size
  }

  /** The earliest time, `now` or later, at which so much can be taken. */
  opens(name: string, amount: number, now: number): number {
    const fullAt = Math.max(now, this.#buckets.get(name)?.fullAt ?? now)
    return Math.max(now, fullAt - (this.burst - amount) / this.#rate)
  }

  take(name: string, amount: number, now: number): Taken {
    const bucket = this.#buckets.get(name) ?? this.#make(name, now)
    bucket.fullAt = Math.max(now, bucket.fullAt) + amount / this.#rate
    return { bucket, fullAt: bucket.fullAt, returned: bucket.returned, amount }
  }

  /** It was another amount: the bucket gets back what it has not got by filling, or owes the rest. */
  settle(taken: Taken, used: number, now: number): void {
    const { bucket } = taken
    const rest = (taken.amount - used) / this.#rate
    if (rest < 0) {
      bucket.fullAt = Math.max(now, bucket.fullAt) - rest
      return
    }
    // What was given back since has moved its debt forward, at most by so much.
    const open = taken.fullAt - (bucket.returned - taken.returned) - now
    const back = Math.min(rest, Math.max(0, open))
    bucket.fullAt -= back
    bucket.returned += back
  }

  #make(name: string, now: number): Bucket {
    if (this.#buckets.size >= this.#most) this.#forget(now)
    const bucket = { fullAt: now, returned: 0 }
    this.#buckets.set(name, bucket)
    return bucket
  }

  /** Full ones, and when there are none an eighth of all. */
  #forget(now: number): void {
    for (const [name, { fullAt }] of this.#buckets) if (fullAt <= now) this.#buckets.delete(name)
    if (this.#buckets.size < this.#most) return
    const byDebt = [...this.#buckets].sort(([, a], [, b]) => a.fullAt - b.fullAt)
    const count = Math.max(1, this.#most >> 3)
    for (const [name] of byDebt.slice(0, count)) this.#buckets.delete(name)
  }
}
