/** Every text of a record that a search looks into: names, addresses, and its values as JSON. */
import { PartFlag, PartKind, RecordFlag } from '../record.ts'
import type { StoredPart, StoredRecord } from '../stored.ts'
import { recordedToJson, recordedValue } from './recorded-value.ts'

export function* textsIn(record: StoredRecord): Generator<string> {
  yield record.name
  yield record.actor
  yield record.sender
  const sealed = (record.flags & RecordFlag.sealed) !== 0
  for (const bytes of [record.result, record.error]) {
    if (bytes !== undefined) yield spoken(bytes, sealed)
  }
  for (const part of record.parts) yield* textsInPart(part, sealed)
}

function* textsInPart(part: StoredPart, recordSealed: boolean): Generator<string> {
  switch (part.kind) {
    case PartKind.message: {
      const { name, to, topic, ownId, payload, flags } = part.message
      yield name
      yield topic ?? to
      if (ownId !== undefined) yield ownId
      if (payload !== undefined) yield spoken(payload, (flags & PartFlag.sealed) !== 0)
      return
    }
    case PartKind.reply:
      yield spoken(part.value, recordSealed)
      return
    case PartKind.timerSet:
      yield part.name
      if (part.payload?.length) yield spoken(part.payload, recordSealed)
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

function spoken(bytes: Uint8Array, sealed: boolean): string {
  return JSON.stringify(recordedToJson(recordedValue(bytes, sealed))) ?? ''
}
