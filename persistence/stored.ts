/**
 * What comes out of a store: records, parts and messages as read back, with texts and positions
 * resolved and every checksum verified. Plain data, safe to post to another thread.
 */
import type { Changes } from './changes.ts'
import type { MessageRef, PartKind, RecordKind, Sections } from './record.ts'

/** A message as the store holds it. */
export interface StoredMessage {
  /** Identity: by this a record consumes it. Stable from the moment it was sent. */
  readonly ref: MessageRef
  /** Where its bytes are: the accepting record, and the ordinal of the part among its parts. */
  readonly at: MessageRef
  /** Receiver, `type/key`. For a published message: the subscriber, when read as pending. */
  readonly to: string
  /** Sender, `type/key`, empty for outside. */
  readonly from: string
  /** Message name; for a published one that of the matching subscription, when read as pending. */
  readonly name: string
  /** The topic, for a published message. */
  readonly topic?: string
  readonly lane: number
  /** Bits of `PartFlag`. */
  readonly flags: number
  /** Wall time in ms, 0 for none. */
  readonly deadline: number
  readonly version: number
  readonly cause: MessageRef
  /** Wall time in ms of the record that accepted it. */
  readonly time: number
  readonly ownId?: string
  readonly header?: Uint8Array
  readonly payload?: Uint8Array
}

/** Something that cannot be read; its bytes are kept where they are (D4). */
export interface Damage {
  readonly kind: 'damaged'
  /** What failed, for people. */
  readonly detail: string
  /** Records that cannot be read, oldest first; empty when a whole segment's directory is gone. */
  readonly positions: readonly number[]
  /** `type/key`, when the directory still says so. */
  readonly actor?: string
  readonly message?: MessageRef
  /** Handler or message name, when known. */
  readonly name?: string
}

/** A part as read back. Fields follow the writer's inputs in `record.ts`. */
export type StoredPart =
  | { readonly kind: typeof PartKind.message; readonly message: StoredMessage }
  | { readonly kind: typeof PartKind.reply; readonly failed: boolean; readonly value: Uint8Array }
  | {
      readonly kind: typeof PartKind.timerSet
      readonly actor: string
      readonly id: string
      readonly name: string
      readonly lane: number
      readonly due: number
      readonly every: number
      readonly version: number
      readonly payload?: Uint8Array
    }
  | { readonly kind: typeof PartKind.timerCancelled; readonly actor: string; readonly id: string }
  | {
      readonly kind: typeof PartKind.timerFired
      readonly actor: string
      readonly id: string
      readonly due: number
      readonly next: number
    }
  | {
      readonly kind: typeof PartKind.subscribed
      readonly actor: string
      readonly pattern: string
      readonly name: string
      readonly lane: number
    }
  | {
      readonly kind: typeof PartKind.unsubscribed
      readonly actor: string
      readonly pattern: string
    }

/** A record as read back. Fields follow `RecordInput`. */
export interface StoredRecord extends Sections {
  readonly kind: RecordKind
  readonly position: number
  readonly time: number
  readonly actor: string
  /** Position of this actor's record before this one, 0 for its first. */
  readonly previous: number
  readonly turn: number
  readonly version: number
  readonly message: MessageRef
  readonly lane: number
  readonly sender: string
  readonly name: string
  readonly flags: number
  readonly parts: readonly StoredPart[]
}

/** One segment row as stored, without its body. Its directory passed its checksum. */
export interface StoredDirectory {
  /** Position of its first record. */
  readonly position: number
  /** Live records in it. */
  readonly count: number
  readonly slot: number
  readonly epoch: number
  readonly seq: number
  /** Wall time in ms of its commit. */
  readonly time: number
  readonly directory: Uint8Array
}

/** One segment row as stored; its bodies are checked one by one when they are read. */
export interface StoredSegment extends StoredDirectory {
  readonly body: Uint8Array
}

/** A snapshot as handed in and read back. */
export interface Snapshot {
  /** `type/key`. */
  readonly actor: string
  /** The record it includes last. */
  readonly position: number
  readonly turn: number
  /** Version of the state (D9). */
  readonly version: number
  /** Encoded state, and the runtime's book. Absent meta: none was ever written. */
  readonly state: Uint8Array
  readonly meta?: Uint8Array
}

/** A step record of a message that is still pending (D2). */
export interface StoredStep {
  /** True for `stepDone`. */
  readonly done: boolean
  /** The turn's message. */
  readonly message: MessageRef
  readonly record: StoredRecord
  /** For a begun ask that was answered: the record that consumed it, with reply or error. */
  readonly answer?: StoredRecord
}

/** A timer that waits. */
export interface StoredTimer {
  readonly actor: string
  readonly id: string
  readonly name: string
  readonly lane: number
  /** Wall time in ms of the next tick. */
  readonly due: number
  /** Interval in ms, 0 for once. */
  readonly every: number
  readonly version: number
  readonly payload?: Uint8Array
  /** Why the payload is absent. */
  readonly damage?: Damage
}

/** A timer whose time has come. */
export interface DueTimer extends StoredTimer {
  /** Ms since then. */
  readonly late: number
}

export interface StoredSubscription {
  readonly pattern: string
  readonly name: string
  readonly lane: number
}

/** Pending messages in the order they were accepted. */
export interface PendingPage {
  /** The store's position at this moment: what was accepted later is not in the page. */
  readonly position: number
  readonly messages: readonly StoredMessage[]
  /** Pending ones whose bytes are damaged: park them, their `message` is their identity. */
  readonly damaged: readonly Damage[]
  /** Pass to `pending` for the next page; absent when this is the end. */
  readonly next?: MessageRef
  /** Lanes, as bits, in which later pages may have messages; 0 at the end. */
  readonly lanes: number
}

/** Everything an activation needs. `turn` 0 and nothing else: the actor was never here. */
export interface LoadedActor {
  readonly kind: 'loaded'
  /** The store's position at this moment. */
  readonly position: number
  /** Number of the last turn. */
  readonly turn: number
  readonly snapshot?: Snapshot
  /** What changed since the snapshot. */
  readonly changes: Changes
  /** Not stashed. */
  readonly pending: PendingPage
  /** Stashed, in stash order. */
  readonly stash: readonly StoredMessage[]
  readonly timers: readonly StoredTimer[]
  readonly subscriptions: readonly StoredSubscription[]
  /** Steps of pending messages, in record order. */
  readonly steps: readonly StoredStep[]
}
