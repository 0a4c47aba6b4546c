/** One turn of a durable actor as its records tell it: for tests, which look at what production wrote. */
import { decodeError } from '../../actors/cell/error-data.ts'
import { decodeValue } from '../../persistence/codec.ts'
import type { Patch } from '../../persistence/patch.ts'
import { type MessageRef, PartKind, RecordKind } from '../../persistence/record.ts'
import type { StoreReader } from '../../persistence/store.ts'
import type { StoredPart, StoredRecord } from '../../persistence/stored.ts'

/** A call out of a turn (D2). */
export interface RecordedStep {
  readonly name: string
  readonly ok: boolean
  /** What the handler saw; absent when it failed. */
  readonly value?: unknown
  /** What it threw. */
  readonly error?: unknown
}

/** A timer that a turn set or cancelled. */
export interface RecordedTimer {
  readonly name: string
  /** Absent when it was cancelled. */
  readonly message?: string
  /** Wall time in ms. */
  readonly due?: number
  /** Interval in ms, 0 for once. */
  readonly every?: number
}

export interface RecordedTurn {
  readonly patch: Patch | undefined
  readonly steps: readonly RecordedStep[]
  readonly timers: readonly RecordedTimer[]
}

/** The last turn of this message, with the steps of all its attempts. */
export function turnOf(
  records: StoreReader,
  actor: string,
  message: MessageRef,
): RecordedTurn | undefined {
  const own = [...recordsOf(records, actor, message)]
  const turn = own.findLast(({ kind }) => kind === RecordKind.turn)
  if (turn === undefined) return undefined
  return {
    patch: turn.patch && (decodeValue(turn.patch) as Patch),
    steps: own.filter(({ kind }) => kind === RecordKind.stepDone).map(stepOf),
    timers: turn.parts.flatMap(timerOf),
  }
}

function* recordsOf(
  records: StoreReader,
  actor: string,
  { position, index }: MessageRef,
): Generator<StoredRecord> {
  for (let at = 1; at <= records.position; at += 1) {
    const record = records.record(at)
    if (record === undefined || 'detail' in record || record.actor !== actor) continue
    if (record.message.position === position && record.message.index === index) yield record
  }
}

function stepOf({ name, result, error }: StoredRecord): RecordedStep {
  if (error !== undefined) return { name, ok: false, error: decodeError(decodeValue(error)) }
  return { name, ok: true, value: result && decodeValue(result) }
}

function timerOf(part: StoredPart): RecordedTimer[] {
  if (part.kind === PartKind.timerCancelled) return [{ name: part.id }]
  if (part.kind !== PartKind.timerSet) return []
  return [{ name: part.id, message: part.name, due: part.due, every: part.every }]
}
