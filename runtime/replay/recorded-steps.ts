/**
 * What calls out of turns were answered in a history, for turns that make them again somewhere else.
 *
 * A call is known by its name and the hash of its input: ids of messages and turn numbers differ in a
 * history that took another way. Of several answers the oldest that was not yet given is taken, one to
 * the same actor first.
 */
import { decodeError } from '../../actors/cell/error-data.ts'
import { labelOf, type StepSection } from '../../actors/cell/steps.ts'
import type { Settled } from '../../mailbox/outcome.ts'
import { decodeValue } from '../../persistence/codec.ts'
import { isDamage } from '../../persistence/decode.ts'
import { At } from '../../persistence/directory.ts'
import type { HistoryReader } from '../../persistence/history-reader.ts'
import { RecordKind } from '../../persistence/record.ts'
import type { StoredRecord } from '../../persistence/stored.ts'

interface Answer {
  readonly actor: string
  readonly position: number
}

export class RecordedSteps {
  readonly #reader: HistoryReader
  readonly #answers = new Map<string, Answer[]>()

  /** @param after only answers recorded behind this position */
  constructor(reader: HistoryReader, after: number) {
    this.#reader = reader
    for (let position = after + 1; position <= reader.position; position += 1) this.#note(position)
  }

  /** Takes the answer to a call; undefined when none is left. */
  take(actor: string, label: string, inputHash: string): Settled | undefined {
    const answers = this.#answers.get(keyOf(label, inputHash))
    if (answers === undefined || answers.length === 0) return undefined
    const own = answers.findIndex((answer) => answer.actor === actor)
    const [answer] = answers.splice(Math.max(0, own), 1)
    const record = this.#reader.record((answer as Answer).position)
    return record === undefined || isDamage(record) ? undefined : settledIn(record as StoredRecord)
  }

  #note(position: number): void {
    const place = this.#reader.place(position)
    if (place === undefined || isDamage(place)) return
    if (place.view.getUint8(place.at + At.kind) !== RecordKind.stepDone) return
    const record = this.#reader.record(position)
    if (record === undefined || isDamage(record)) return
    const { step, name, actor } = record as StoredRecord
    if (step === undefined) return
    const { hash } = decodeValue(step) as StepSection
    const key = keyOf(labelOf(name), hash)
    const known = this.#answers.get(key)
    if (known === undefined) this.#answers.set(key, [{ actor, position }])
    else known.push({ actor, position })
  }
}

function keyOf(label: string, inputHash: string): string {
  return `${label}\n${inputHash}`
}

function settledIn({ result, error }: StoredRecord): Settled {
  if (error !== undefined) return { ok: false, error: decodeError(decodeValue(error)) }
  return { ok: true, value: result && decodeValue(result) }
}
