/**
 * Who runs the actors, as a start drives them: the hosts (`hosts.ts`), or with `workers: 0` the main
 * thread itself (`sole-thread.ts`).
 */
import type { KilledActor } from '../../persistence/killed-files.ts'

export interface Runners {
  /** Brings them up; no handler runs before {@link go}. */
  start(): Promise<void>
  /** After an unclean end: suspects run first, one in the whole system at a time (F3). */
  tryAlone(): Promise<void>
  go(): Promise<void>
  /** A timer or an activation may start again. */
  pardon(key: string, actor: string): Promise<void>
  /** All actors that are killed, after a change. */
  killed(all: readonly KilledActor[]): Promise<void>
}
