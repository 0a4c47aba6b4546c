/**
 * What the store holds for actors whose type is not in the app (D9).
 *
 *   removed, says the app ──► messages become dead letters, timers and subscriptions end, the state stays
 *   nobody says anything  ──► all of it waits, and the system says so: it may be an oversight
 *
 * Runs once, before intake opens.
 */

import type { App } from '../../actors/app.ts'
import { encodeError } from '../../actors/cell/error-data.ts'
import { encodeGivenUp } from '../../actors/cell/given-up.ts'
import type { Committing } from '../../actors/cell/ports.ts'
import { envelopeAsStored } from '../../actors/cell/stored-message.ts'
import { typeOf } from '../../mailbox/address.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { encodeValue } from '../../persistence/codec.ts'
import { isDamage } from '../../persistence/decode.ts'
import { type MessageRef, RecordFlag, RecordKind } from '../../persistence/record.ts'
import type { Refusal, WakeEntry } from '../../persistence/store.ts'
import type { Damage, LoadedActor, PendingPage, StoredMessage } from '../../persistence/stored.ts'
import type { JournalClient } from '../peer/journal.ts'
import type { Peer } from '../peer/peer.ts'
import type { PeerSink } from '../peer/peer-options.ts'
import type { StoreClient } from '../peer/store-client.ts'
import { wakePages } from '../peer/wake-pages.ts'

/** A type that the store has work for and the app does not know. */
export interface MissingType {
  readonly type: string
  readonly actors: number
  readonly pending: number
  readonly timers: number
}

/** Addresses, and messages of one actor, read at once. */
const page = 256

export class Orphans {
  readonly #peer: Peer
  readonly #client: StoreClient
  readonly #app: App
  readonly #sink: PeerSink

  constructor(peer: Peer, client: StoreClient, app: App, sink: PeerSink) {
    this.#peer = peer
    this.#client = client
    this.#app = app
    this.#sink = sink
  }

  /** Settles those of removed types. @returns the types that are missing */
  async settle(): Promise<readonly MissingType[]> {
    const missing = new Map<string, MissingType>()
    for await (const entries of wakePages(this.#client, page)) {
      for (const entry of entries) {
        const type = typeOf(entry.actor)
        if (this.#app.removed.has(type)) await this.#removed(entry.actor)
        else if (!this.#app.actors.has(type)) add(missing, type, entry)
      }
    }
    return [...missing.values()]
  }

  async #removed(actor: string): Promise<void> {
    const [loaded]: readonly (LoadedActor | Damage | undefined)[] = await this.#client.ask(
      'loadMany',
      { actors: [actor], limit: page },
    )
    // Its bytes are kept where they are, as for any actor that cannot be read (D4).
    if (loaded === undefined || isDamage(loaded)) return
    await this.#endTicking(loaded, actor)
    for (const message of loaded.stash) await this.#park(actor, message)
    let waiting: PendingPage = loaded.pending
    for (;;) {
      for (const message of waiting.messages) await this.#park(actor, message)
      const after: MessageRef | undefined = waiting.next
      if (after === undefined) return
      waiting = await this.#client.ask('pending', { actor, after, limit: page })
    }
  }

  /** As a turn that no message began, so that the history says what became of them. */
  async #endTicking({ timers, subscriptions, turn }: LoadedActor, actor: string): Promise<void> {
    if (timers.length === 0 && subscriptions.length === 0) return
    await this.#write((journal) => {
      const { builder } = journal
      builder.record({ kind: RecordKind.turn, time: this.#now(), actor, turn: turn + 1 })
      for (const { id } of timers) builder.cancelTimer(id)
      for (const { pattern } of subscriptions) builder.unsubscribe(pattern)
    })
  }

  async #park(actor: string, message: StoredMessage): Promise<void> {
    const error = removedType(typeOf(actor), message.name)
    const position = await this.#write(({ builder }) => {
      builder.record({
        kind: RecordKind.parked,
        time: this.#now(),
        actor,
        message: message.ref,
        lane: message.lane,
        sender: message.from,
        name: message.name,
        flags: RecordFlag.failed,
        error: encodeGivenUp('no-definition', error),
      })
      if (message.ownId !== undefined) builder.reply(encodeValue(encodeError(error)), true)
    })
    if (position === undefined) return
    const envelope = envelopeAsStored(message, actor, error)
    this.#sink.deadLetter(envelope, 'no-definition', error, position)
  }

  /** Resolves with the record's position, or with nothing when the store has it differently. */
  #write(append: (journal: JournalClient) => void): Promise<number | undefined> {
    const journal = this.#peer.journal as JournalClient
    return new Promise((resolve) => {
      const entry: Committing = {
        committed: (position: number) => resolve(position),
        // Lost with a failed commit: said again (D5). Refused: somebody consumed it before.
        undone: (refusal: Refusal | undefined) => {
          if (refusal === undefined) journal.admit(write)
          else resolve(undefined)
        },
      }
      const write = (): void => {
        append(journal)
        journal.append(entry)
      }
      journal.admit(write)
    })
  }

  #now(): number {
    return Math.floor(this.#peer.clock.wall())
  }
}

function add(missing: Map<string, MissingType>, type: string, entry: WakeEntry): void {
  const known = missing.get(type) ?? { type, actors: 0, pending: 0, timers: 0 }
  missing.set(type, {
    type,
    actors: known.actors + 1,
    pending: known.pending + entry.pending,
    timers: known.timers + entry.timers,
  })
}

function removedType(type: string, name: string): TroupeError {
  return new TroupeError(
    'DEFINITION_MISSING',
    `"${name}" waited for an actor of type "${type}", which the app lists as removed`,
    { fields: { type, message: name } },
  )
}

/** What a log line says of missing types. */
export function describeMissing({ type, actors, pending, timers }: MissingType): string {
  return `no actor of type "${type}" is in the app, and the store holds ${pending} messages and ${timers} timers for ${actors} of them: they wait. Add its definition, or say renamedFrom or removed`
}
