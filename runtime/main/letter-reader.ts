/** Dead letters as a store has them: running, or read from its file. */
import type { ErrorData } from '../../actors/cell/error-data.ts'
import { decodeGivenUp } from '../../actors/cell/given-up.ts'
import { decodeHeader, type StoredHeader } from '../../actors/cell/stored-message.ts'
import type { DeadLetterReason } from '../../mailbox/dead-letter.ts'
import { formatMessageId } from '../../mailbox/message-id.ts'
import { decodeValue } from '../../persistence/codec.ts'
import { PartKind, RecordKind } from '../../persistence/record.ts'
import type { Damage, StoredMessage, StoredRecord } from '../../persistence/stored.ts'
import type { StoreClient } from '../peer/store-client.ts'
import type { RecordPage } from '../store/read-records.ts'
import type { LetterData } from '../wire/host-control.ts'

/** Where records are read. */
export interface RecordSource {
  records(ask: {
    readonly from: number
    readonly limit: number
    readonly kinds: readonly number[]
  }): RecordPage | Promise<RecordPage>
  record(
    position: number,
  ): StoredRecord | Damage | undefined | Promise<StoredRecord | Damage | undefined>
}

/** A running store's. */
export function sourceOf(client: StoreClient): RecordSource {
  return {
    records: (ask) => client.ask('records', ask),
    record: (position) => client.ask('record', { position }),
  }
}

/** What the store knows: a letter, or that one was sent again. */
export type Recalled =
  | { readonly kind: 'letter'; readonly data: LetterData }
  | { readonly kind: 'replay'; readonly position: number }

const kinds = [RecordKind.parked, RecordKind.deadLetter, RecordKind.replayed]

export class LetterReader {
  readonly #source: RecordSource

  constructor(source: RecordSource) {
    this.#source = source
  }

  /** All of it, in order. */
  async *read(): AsyncGenerator<Recalled, void, void> {
    let from: number | undefined = 1
    while (from !== undefined) {
      const page: { records: readonly StoredRecord[]; next: number | undefined } =
        await this.#source.records({ from, limit: 256, kinds })
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

  /** The message itself: with the record, or where it was accepted. */
  async #messageOf(record: StoredRecord): Promise<StoredMessage | undefined> {
    const own = messageIn(record)
    const { position, index } = record.message
    if (own !== undefined || position <= 0) return own
    const home = await this.#source.record(position)
    return home === undefined || 'detail' in home ? undefined : messageIn(home, index)
  }
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
  const { tick, topic } = said(message)
  const { position, index } = isParked ? record.message : { position: 0, index: 0 }
  return {
    id: message?.ownId ?? givenId(message) ?? formatMessageId(position, index),
    to: isParked ? record.actor : (message?.to ?? ''),
    from: isParked ? record.sender : (message?.from ?? ''),
    name: isParked ? record.name : (message?.name ?? ''),
    lane: isParked ? record.lane : (message?.lane ?? 0),
    at: record.time,
    position: record.position,
    ...causeOf(record),
    ...(tick && { tick }),
    ...(topic !== undefined && { topic }),
    ...(message?.payload && { payload: message.payload }),
    ...(message !== undefined && topic === undefined && { version: message.version }),
  }
}

/** A letter's own record is named for its reason; one that was given up keeps it beside the error. */
function causeOf({ kind, name, error }: StoredRecord): Pick<LetterData, 'reason' | 'error'> {
  if (kind === RecordKind.parked && error !== undefined) return decodeGivenUp(error)
  const reason = name as DeadLetterReason
  return error === undefined ? { reason } : { reason, error: decodeValue(error) as ErrorData }
}

/** How the message came to be: by a timer, or to whoever subscribed. */
function said(message: StoredMessage | undefined): Pick<StoredHeader, 'tick' | 'topic'> {
  const stored = decodeHeader(message?.header)
  return message?.topic === undefined ? stored : { ...stored, topic: message.topic }
}

/** A letter's own record keeps the id that the message had in memory. */
function givenId(message: StoredMessage | undefined): string | undefined {
  return message?.header && (decodeValue(message.header) as { id?: string }).id
}
