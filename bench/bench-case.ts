/**
 * What a benchmark case is: contestants that do the same work, ours, the bare machine's and other
 * people's, measured in turn.
 */
import type { Gate } from '../runtime/bench/gate.ts'
import type { Latency } from '../runtime/bench/latency.ts'
import type { Better } from '../runtime/bench/report.ts'

/** What one round found, where a number alone does not tell all. */
export interface Round {
  readonly figure: number
  readonly latency?: Latency
  /** Further figures by name, with the unit in the name: `bytes/turn`. */
  readonly facts?: Readonly<Record<string, number>>
}

/** One way to do the work. */
export interface Contestant {
  readonly name: string
  /** Does one round and returns its figure in the case's unit. Throws when its result is wrong. */
  round(): number | Round | Promise<number | Round>
  /** Of another bound than the first; only ours is shown as a share of a bound unless this says so. */
  readonly bound?: string
}

/** Somebody else's way, in a process of its own; see `peers.ts`. */
export interface PeerContestant extends Contestant {
  readonly version: string
  close(): void
}

/** Somebody else's way that is not on this machine. */
export interface AbsentPeer {
  readonly name: string
  readonly missing: string
}

/** Contestants ready to run, and how to clean up after them. */
export interface Prepared {
  readonly ours: Contestant
  /** The bare machine doing the same work; ours is shown as a share of the first. */
  readonly bounds: readonly Contestant[]
  readonly peers?: readonly (PeerContestant | AbsentPeer)[]
  /** Ours at other sizes or in other ways; shown beside it. */
  readonly others?: readonly Contestant[]
  close?(): void | Promise<void>
}

export interface BenchCase {
  readonly name: string
  /** One line: what is measured. */
  readonly what: string
  readonly unit: string
  readonly better: Better
  /** What it must reach. */
  readonly gate?: Gate | readonly Gate[]
  /** Counted rounds of each contestant; 7 unless it says so, 1 with `--quick`. */
  readonly rounds?: number
  /** Looking at the event loop would disturb what is measured. */
  readonly quiet?: boolean
  /** @param quick smaller rounds, for a check that the case is correct */
  prepare(quick: boolean): Prepared | Promise<Prepared>
}
