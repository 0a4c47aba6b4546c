/** Every text of a record that a search looks into: names, addresses, and its values as JSON. */
import { PartKind } from '../record.ts'
import type { StoredPart, StoredRecord } from '../stored.ts'
import { recordedToJson, recordedValue } from './recorded-value.ts'

export function* textsIn(record: StoredRecord): Generator<string> {
  yield record.name
  yield record.actor
  yield record.sender
  for (const bytes of [record.result, record.error]) {
    if (bytes !== undefined) yield spoken(bytes)
  }
  for (const part of record.parts) yield* textsInPart(part)
}

function* textsInPart(part: StoredPart): Generator<string> {
  switch (part.kind) {
    case PartKind.message: {
      const { name, to, topic, ownId, payload } = part.message
      yield name
      yield topic ?? to
      if (ownId !== undefined) yield ownId
      if (payload !== undefined) yield spoken(payload)
      return
    }
    case PartKind.reply:
      yield spoken(part.value)
      return
    case PartKind.timerSet:
      yield part.name
      if (part.payload?.length) yield spoken(part.payload)
      return
    case PartKind.timerCancelled:
    case PartKind.timerFired:
      yield part.id
      return
    case PartKind.subscribed:
    case PartKind.unsubscribed:
      yield part.pattern
      return
    default:
      part satisfies never
  }
}

function spoken(bytes: Uint8Array): string {
  return JSON.stringify(recordedToJson(recordedValue(bytes))) ?? ''
}
