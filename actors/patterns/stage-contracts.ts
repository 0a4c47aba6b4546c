/** What can be said to the entries and the shelves of a pipeline, and where they are found. */
import type { Encodable } from '../../persistence/encodable-types.ts'
import { type Contract, contract } from '../contract.ts'
import { type Message, message } from '../message.ts'

/** What there is of an output. */
export type Look =
  | { readonly how: 'none' }
  | { readonly how: 'fresh' | 'stale'; readonly output: Encodable }

interface Work {
  readonly input: Encodable
}

/** The messages of an entry. */
export type EntryMessages = {
  readonly look: Message<void, void, Look>
  readonly make: Message<Work, Work, Encodable>
  readonly renew: Message<Work, Work, void>
  readonly drop: Message<{ readonly made: number }, { readonly made: number }, void>
  readonly expire: Message<void, void, void>
}

export type EntryContract = Contract<EntryMessages>

export const entryContract = (pipeline: string): EntryContract =>
  contract(`${pipeline}.stage`, {
    look: message<void, Look>(),
    make: message<Work, Encodable>(),
    renew: message<Work>(),
    drop: message<{ readonly made: number }>(),
    expire: message(),
  })

/** `STAGE/HASH`. */
export const entryKey = (stage: string, hash: string): string => `${stage}/${hash}`

/** One entry, as its shelf knows it. */
export interface KeptEntry {
  /** Its key. */
  readonly entry: string
  readonly bytes: number
  readonly made: number
  readonly until: number
}

/** The messages of a shelf. */
export type ShelfMessages = { readonly kept: Message<KeptEntry, KeptEntry, void> }

export type ShelfContract = Contract<ShelfMessages>

export const shelfContract = (pipeline: string): ShelfContract =>
  contract(`${pipeline}.shelf`, { kept: message<KeptEntry>() })

/** A shelf for each stage. */
export const shelfKey = (entry: string): string => entry.slice(0, entry.indexOf('/'))
