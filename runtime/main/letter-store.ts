/**
 * Dead letters in the store: kept by the record that gave a message up, or by one of their own, and
 * sent again by a record that says so, so that both survive a restart.
 */
import type { encodeError } from '../../actors/cell/error-data.ts'
import { payloadVersion } from '../../actors/cell/present.ts'
import {
  fanOut,
  releaseMessage,
  type StagedMessage,
  stage,
  writeMessage,
} from '../../actors/cell/staged.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import { type EarlierLife, Envelope } from '../../mailbox/envelope.ts'
import { formatMessageId, type MessageId } from '../../mailbox/message-id.ts'
import { decodeValue, encodeValue } from '../../persistence/codec.ts'
import { PartFlag, PartKind, RecordKind } from '../../persistence/record.ts'
import type { StoredMessage, StoredRecord } from '../../persistence/stored.ts'
import type { JournalClient } from '../peer/journal.ts'
import { type Peer, typeOf } from '../peer/peer.ts'
import type { StoreClient } from '../peer/store-client.ts'
import type { LetterData } from '../wire/host-control.ts'
import { LetterSteps } from './letter-steps.ts'

/** What the store knows: a letter, or that one was sent again. */
export type Recalled =
  | { readonly kind: 'letter'; readonly data: LetterData }
  | { readonly kind: 'replay'; readonly position: number }

const kinds = [RecordKind.parked, RecordKind.deadLetter, RecordKind.replayed]

export class LetterStore {
  readonly #peer: Peer
  readonly #journal: JournalClient
  readonly #client: StoreClient
  readonly #steps: LetterSteps
  /** One after the other, in the order of the calls. */
  #replays: Promise<void> = Promise.resolve()

  constructor(peer: Peer, journal: JournalClient, client: StoreClient) {
    this.#peer = peer
    this.#journal = journal
    this.#client = client
    this.#steps = new LetterSteps(client)
  }

  /** All of it, in order. */
  async *read(): AsyncGenerator<Recalled, void, void> {
    let from: number | undefined = 1
    while (from !== undefined) {
      const page: { records: readonly StoredRecord[]; next: number | undefined } =
        await this.#client.ask('records', { from, limit: 256, kinds })
      for (const record of page.records) {
        if (record.kind === RecordKind.replayed) {
          yield { kind: 'replay', position: record.message.position }
        } else {
          yield { kind: 'letter', data: letterOf(record, await this.#messageOf(record)) }
        }
      }
      from = page.next
    }
  }

  /**
   * Writes a letter that no record keeps yet. Best effort: a dead letter must not hold anything up.
   * @param kept told where it is
   */
  write(data: LetterData, kept: (position: number) => void): void {
    const { builder, hasCredit } = this.#journal
    if (!hasCredit) return
    builder.record({
      kind: RecordKind.deadLetter,
      time: Math.floor(data.at),
      name: data.reason,
      ...(data.error && { error: encodeValue(data.error) }),
    })
    builder.message({
      to: data.to,
      from: data.from,
      name: data.name,
      lane: data.lane,
      flags: data.payload === undefined ? PartFlag.headerOnly : 0,
      version: data.version ?? payloadVersion(this.#peer.definition(typeOf(data.to)), data),
      header: encodeValue({ id: data.id }),
      ...(data.payload && { payload: data.payload }),
    })
    this.#journal.append({ committed: kept, undone: () => undefined })
  }

  /**
   * Sends a letter again with the commit that says so, together with the steps that its message recorded:
   * what was paid for is not paid again (D2).
   * @param position of the record that keeps the letter
   * @param id text of the identity that its message had
   * @param failed told when the store cannot be read: nothing was sent
   */
  replay(
    position: number,
    id: MessageId,
    envelope: Envelope,
    failed: (error: unknown) => void,
  ): void {
    this.#replays = this.#replays.then(async () => {
      try {
        const earlier = await this.#steps.of(position, id)
        const message = stage(
          this.#peer,
          earlier === undefined ? envelope : again(envelope, earlier),
        )
        this.#journal.admit(() => this.#replayNow(position, message))
      } catch (error) {
        failed(error)
      }
    })
    this.#journal.prepare(this.#replays)
  }

  #replayNow(position: number, message: StagedMessage): void {
    const time = Math.floor(this.#peer.clock.wall())
    const { builder } = this.#journal
    builder.record({ kind: RecordKind.replayed, time, message: { position, index: 0 } })
    writeMessage(builder, message)
    this.#journal.append({
      committed: (at, ack) => {
        releaseMessage(this.#peer, message, at, 0)
        fanOut(this.#peer, ack, at)
      },
      // Lost with a failed commit: nobody has it, so it is said again (D5).
      undone: () => this.#replayNow(position, message),
    })
  }

  /** The message itself: with the record, or where it was accepted. */
  async #messageOf(record: StoredRecord): Promise<StoredMessage | undefined> {
    const own = messageIn(record)
    const { position, index } = record.message
    if (own !== undefined || position <= 0) return own
    const home = await this.#client.ask('record', { position })
    return home === undefined || 'detail' in home ? undefined : messageIn(home, index)
  }
}

function again(envelope: Envelope, earlier: EarlierLife): Envelope {
  const { to, from, name, payload, lane, a, b, header } = envelope
  return new Envelope(to, from, name, payload, lane, a, b, 0, 0, { ...header, earlier })
}

function messageIn({ parts }: StoredRecord, index?: number): StoredMessage | undefined {
  for (const part of parts) {
    if (part.kind !== PartKind.message) continue
    if (index === undefined || part.message.ref.index === index) return part.message
  }
  return undefined
}

/** A message that cannot be found leaves its header behind: the record that gave it up has that. */
function letterOf(record: StoredRecord, message: StoredMessage | undefined): LetterData {
  const isParked = record.kind === RecordKind.parked
  const { position, index } = isParked ? record.message : { position: 0, index: 0 }
  return {
    id: message?.ownId ?? givenId(message) ?? formatMessageId(position, index),
    to: isParked ? record.actor : (message?.to ?? ''),
    from: isParked ? record.sender : (message?.from ?? ''),
    name: isParked ? record.name : (message?.name ?? ''),
    lane: isParked ? record.lane : (message?.lane ?? 0),
    reason: isParked ? reasonOf(record) : (record.name as DeadLetterReason),
    at: record.time,
    position: record.position,
    ...(record.error && { error: decodeValue(record.error) as ReturnType<typeof encodeError> }),
    ...(message?.payload && { payload: message.payload }),
    // What was published has no version: it is checked where it arrives.
    ...(message !== undefined && message.topic === undefined && { version: message.version }),
  }
}

/**
 * The record of one that was given up has the error, which tells why. One that asked an actor whose
 * message was quarantined failed with that error too, and was parked.
 */
function reasonOf({ actor, name, error }: StoredRecord): DeadLetterReason {
  if (error === undefined) return 'parked'
  const { code, fields } = decodeValue(error) as ReturnType<typeof encodeError>
  const about = (fields ?? {}) as { readonly actor?: unknown; readonly message?: unknown }
  const isOwn = about.actor === actor && (about.message ?? name) === name
  const isQuarantine = code === 'QUARANTINED' || code === 'STORE_CORRUPT'
  return isOwn && isQuarantine ? 'quarantined' : 'parked'
}

/** A letter's own record keeps the id that the message had in memory. */
function givenId(message: StoredMessage | undefined): string | undefined {
  return message?.header && (decodeValue(message.header) as { id?: string }).id
}
