/**
 * What a benchmark case is: contestants that do the same work, ours and the bare machine's, measured
 * in turn within one process.
 */

/** One way to do the work. */
export interface Contestant {
  readonly name: string
  /** Does one round and returns its figure in the case's unit. Throws when its result is wrong. */
  round(): number | Promise<number>
}

/** Contestants ready to run, and how to clean up after them. */
export interface Prepared {
  readonly ours: Contestant
  /** The bare machine doing the same work; ours is shown as a share of it. */
  readonly bounds: readonly Contestant[]
  /** Ours at other sizes, or other people's ways; shown beside it. */
  readonly others?: readonly Contestant[]
  close?(): void | Promise<void>
}

export interface BenchCase {
  readonly name: string
  /** One line: what is measured. */
  readonly what: string
  readonly unit: string
  readonly better: 'higher' | 'lower'
  /** @param quick smaller rounds, for a check that the case is correct */
  prepare(quick: boolean): Prepared | Promise<Prepared>
}

/** Rounds of one contestant, summed up. */
export interface Figure {
  readonly name: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly n: number
}

/** What one case found out. */
export interface CaseResult {
  readonly case: string
  readonly what: string
  readonly unit: string
  readonly better: 'higher' | 'lower'
  readonly ours: Figure
  readonly bounds: readonly Figure[]
  readonly others: readonly Figure[]
}
