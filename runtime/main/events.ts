/** Lifecycle events of a system, as `system.events` emits them. */
import { EventEmitter } from 'eventemitter3'
import type { CellEvent } from '../../actors/cell/ports.ts'
import type { DeadLetter } from '../../mailbox/dead-letter.ts'
import type { FlightEntry } from '../peer/flight-recorder.ts'
import type { UpkeepFailure } from '../store/protocol.ts'
import type { Blocked } from './blocked-hosts.ts'

/** Facts about threads and the store, beside those of actors. */
export type SystemEvent =
  | CellEvent
  | { readonly event: 'host-started'; readonly slot: number }
  /** A host thread died; `error` says of what. Its replacement is reported by `host-started`. */
  | {
      readonly event: 'host-lost'
      readonly slot: number
      readonly error: unknown
      /** The last messages it took into hand, oldest first, as far as its memory tells. */
      readonly flight: readonly FlightEntry[]
    }
  /**
   * A turn has held its host's thread for a second without a break (F5). What is in hand is what the
   * thread started or resumed last; `for` is in ms.
   */
  | ({ readonly event: 'host-blocked'; readonly slot: number } & Blocked)
  /**
   * A message, a timer's tick or an activation would have been started a third time after two deaths
   * (F3). A message is a dead letter now; the others are in `system.quarantine`.
   */
  | { readonly event: 'quarantined'; readonly actor: string; readonly timer?: string }
  /** Ten deaths in 60 s: the slot is given up, its addresses rehash (F4). */
  | { readonly event: 'host-retired'; readonly slot: number }
  | { readonly event: 'store-stalled'; readonly error: unknown }
  | { readonly event: 'store-resumed' }
  /** A backup is complete. `problems`: damage that the store itself has, and so the backup. */
  | {
      readonly event: 'backup-finished'
      readonly folder: string
      readonly name: string
      readonly position: number
      /** Older ones that were removed after it. */
      readonly removed: readonly string[]
      readonly problems: readonly string[]
    }
  | { readonly event: 'backup-failed'; readonly folder: string; readonly error: unknown }
  /** The store's snapshots, a checkpoint or its retention failed; it is tried again a minute later. */
  | {
      readonly event: 'upkeep-failed'
      readonly work: UpkeepFailure['work']
      readonly error: unknown
    }
  | { readonly event: 'dead-letter'; readonly letter: DeadLetter }
  /** A promise of user code rejected and nobody looked. */
  | { readonly event: 'unhandled-rejection'; readonly slot: number; readonly error: unknown }

/** Arguments by event name, for the emitter's types. */
export type SystemEvents = {
  [E in SystemEvent['event']]: (event: Extract<SystemEvent, { readonly event: E }>) => void
} & {
  /** Every event, whatever its name. */
  all: (event: SystemEvent) => void
}

/** Told what a listener threw. */
type ListenerFailed = (name: string, error: unknown) => void

export class SystemEventEmitter extends EventEmitter<SystemEvents> {
  readonly #failed: ListenerFailed

  constructor(failed: ListenerFailed) {
    super()
    this.#failed = failed
  }

  /** Somebody listens to events of this name. */
  hears(name: SystemEvent['event']): boolean {
    return this.listenerCount(name) > 0 || this.listenerCount('all') > 0
  }

  /** Emits an event under its own name and under `all`. A listener that throws harms nobody else. */
  tell(event: SystemEvent): void {
    for (const name of [event.event, 'all'] as const) this.#emitEach(name, event)
  }

  /** `emit` would end with the first listener that throws, and throw on into whoever tells. */
  #emitEach(name: SystemEvent['event'] | 'all', event: SystemEvent): void {
    const emitter = this as EventEmitter<Record<string, (event: SystemEvent) => void>>
    for (const listen of emitter.listeners(name)) {
      emitter.removeListener(name, listen, undefined, true)
      try {
        listen.call(this, event)
      } catch (error) {
        this.#failed(name, error)
      }
    }
  }
}
