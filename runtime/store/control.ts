/** What the main thread and the store's thread say to each other outside of frames. */
import type { MessagePort } from 'node:worker_threads'
import type { Quarantined } from '../../persistence/suspects-file.ts'

export interface StoreStart {
  /** File of the store. */
  readonly path: string
  /** Open although acknowledged records are lost (D10). */
  readonly acceptLoss: boolean
  /** Path of the app module, to be noted in the file. */
  readonly app: string | undefined
  /** Records from one checkpoint to the next. */
  readonly checkpointEvery: number | undefined
  /** Ms from one checkpoint to the next. */
  readonly checkpointAfter: number | undefined
  /** Types of actors that have another name from now on, old to new (D9). */
  readonly renamed: ReadonlyMap<string, string>
  readonly control: MessagePort
}

export type StoreControl = {
  /** Opens the file. Rejects with the store's own error: locked, newer, corrupt, read-only. */
  readonly open: () => void
  /** A client joins; a new one for the same slot replaces the old. */
  readonly connect: (client: { readonly slot: number; readonly port: MessagePort }) => void
  /** All that is quarantined, whenever that changes (F3). */
  readonly quarantine: (all: readonly Quarantined[]) => void
  /** Durable timers may fire from now on. */
  readonly start: () => void
  /** Commits what has arrived, closes the file, ends the thread's task. */
  readonly close: () => void
}
