/**
 * The steps that the message of a dead letter recorded while it lived (D2), and those that it had taken
 * over itself when it was sent again before.
 */
import type { EarlierLife, EarlierStep } from '../../mailbox/envelope.ts'
import type { MessageId } from '../../mailbox/message-id.ts'
import { decodeValue } from '../../persistence/codec.ts'
import { type MessageRef, PartKind, RecordKind } from '../../persistence/record.ts'
import type { StoredMessage, StoredRecord } from '../../persistence/stored.ts'
import type { RecordSource } from './letter-reader.ts'

const kinds = [RecordKind.stepBegun, RecordKind.stepDone]
const pageSize = 256

export class LetterSteps {
  readonly #source: RecordSource

  constructor(source: RecordSource) {
    this.#source = source
  }

  /**
   * @param position of the record that gave the message up
   * @param id text of the message's identity
   * @returns undefined when it has no steps
   */
  async of(position: number, id: MessageId): Promise<EarlierLife | undefined> {
    const letter = await this.#record(position)
    // Only a durable actor's turn has steps, and only its own record gives its message up.
    if (letter?.kind !== RecordKind.parked) return undefined
    const { message } = letter
    const steps = await this.#stepsOf(letter)
    const before = (await this.#earlierLife(letter)) ?? {
      id,
      a: message.position,
      b: message.index,
      steps: [],
    }
    const all = [...before.steps, ...steps]
    return all.length === 0 ? undefined : { ...before, steps: all }
  }

  /** In the order of their records: *done* comes behind *begun*. */
  async #stepsOf({ actor, message, position }: StoredRecord): Promise<readonly EarlierStep[]> {
    const found: EarlierStep[] = []
    // One that was only in memory at first may have come at any time.
    let from: number | undefined = Math.max(1, message.position)
    while (from !== undefined && from < position) {
      const page: { records: readonly StoredRecord[]; next: number | undefined } =
        await this.#source.records({ from, limit: pageSize, kinds })
      for (const record of page.records) {
        if (record.actor === actor && isSame(record.message, message)) found.push(stepOf(record))
      }
      from = page.next
    }
    return found
  }

  async #earlierLife(letter: StoredRecord): Promise<EarlierLife | undefined> {
    const { position, index } = letter.message
    const home = position > 0 ? await this.#record(position) : undefined
    const header = home && messageIn(home, index)?.header
    return header && (decodeValue(header) as { readonly earlier?: EarlierLife }).earlier
  }

  async #record(position: number): Promise<StoredRecord | undefined> {
    const record = await this.#source.record(position)
    return record === undefined || 'detail' in record ? undefined : record
  }
}

function messageIn({ parts }: StoredRecord, index: number): StoredMessage | undefined {
  for (const part of parts) {
    if (part.kind === PartKind.message && part.message.ref.index === index) return part.message
  }
  return undefined
}

function isSame(a: MessageRef, b: MessageRef): boolean {
  return a.position === b.position && a.index === b.index
}

function stepOf({ kind, name, step, result, error }: StoredRecord): EarlierStep {
  return {
    name,
    done: kind === RecordKind.stepDone,
    step: step ?? new Uint8Array(),
    ...(result && { result }),
    ...(error && { error }),
  }
}
