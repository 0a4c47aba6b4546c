/**
 * One recorded turn with everything that it was made from (R2): the actor as it was before, the message,
 * the results of its steps, the order in which they settled, its interrupts. Read from the records
 * that recovery reads (R4).
 */
import { decodeError } from '../../actors/cell/error-data.ts'
import { Script, type ScriptEntry } from '../../actors/cell/script.ts'
import { decodeInputs } from '../../actors/cell/turn-inputs.ts'
import type { TroupeError } from '../../mailbox/errors.ts'
import { noChanges } from '../../persistence/changes.ts'
import { decodeValue } from '../../persistence/codec.ts'
import { damaged, isDamage, missing } from '../../persistence/decode.ts'
import { At } from '../../persistence/directory.ts'
import type { HistoryReader } from '../../persistence/history-reader.ts'
import { type MessageRef, PartFlag, PartKind, RecordKind } from '../../persistence/record.ts'
import type {
  Damage,
  LoadedActor,
  StoredMessage,
  StoredRecord,
  StoredStep,
} from '../../persistence/stored.ts'

export interface RecordedTurn {
  readonly record: StoredRecord
  /** Absent for the turn of a start hook. */
  readonly message: StoredMessage | undefined
  /** What the actor is loaded from, as an activation right before the turn would have been. */
  readonly loaded: LoadedActor
  readonly script: Script
}

/** True for records that end a turn which can be run again. */
export function endsTurn({ kind }: StoredRecord): boolean {
  return kind === RecordKind.turn || kind === RecordKind.parked
}

/** @returns what cannot be read, when the turn hangs on it (D4) */
export function recordedTurn(reader: HistoryReader, record: StoredRecord): RecordedTurn | Damage {
  const earlier = ofTheSameMessage(reader, record)
  if (isDamage(earlier)) return earlier
  const message = messageOf(reader, record, earlier)
  if (message !== undefined && isDamage(message)) return message
  const chain = chainBefore(reader, record)
  if (isDamage(chain)) return chain
  const position = record.position - 1
  return {
    record,
    message,
    script: new Script(scriptOf(record, earlier), decodeInputs(record.inputs)),
    loaded: {
      kind: 'loaded',
      position,
      turn: Math.max(0, record.turn - 1),
      ...chain,
      pending: {
        lanes: 0,
        position,
        messages: message === undefined ? [] : [message],
        damaged: [],
      },
      stash: [],
      timers: [],
      subscriptions: [],
      steps: earlier.filter(isStep).map(stepOf),
    },
  }
}

function chainBefore(
  reader: HistoryReader,
  record: StoredRecord,
): Pick<LoadedActor, 'snapshot' | 'changes'> | Damage {
  if (record.previous === 0) return { changes: noChanges }
  const place = reader.place(record.position) ?? missing(record.position)
  if (isDamage(place)) return place
  const no = place.view.getUint32(place.at + At.actor, true)
  return reader.chain({ no, head: record.previous })
}

/**
 * Records of this actor about the message of `record`, before it, oldest first. When a turn settled no
 * step and did not fail, only an interrupt right before its end can matter. One that was only in memory at
 * first has its message in one of them.
 */
function ofTheSameMessage(reader: HistoryReader, record: StoredRecord): StoredRecord[] | Damage {
  const found: StoredRecord[] = []
  if (record.message.position === 0 || hasOwnMessage(record)) return found
  const isPlain =
    record.message.position > 0 && record.inputs === undefined && record.error === undefined
  for (let at = record.previous; at > Math.max(0, record.message.position); ) {
    const one = reader.record(at) ?? missing(at)
    if (isDamage(one)) return one
    if (isPlain && !isSame(one.message, record.message)) break
    if (isSame(one.message, record.message)) {
      found.push(one)
      // It was in memory until this record.
      if (hasOwnMessage(one)) break
    }
    at = one.previous
  }
  return found.reverse()
}

function isSame(a: MessageRef, b: MessageRef): boolean {
  return a.position === b.position && a.index === b.index
}

function hasOwnMessage(record: StoredRecord): boolean {
  return ownMessage(record) !== undefined
}

function ownMessage(record: StoredRecord): StoredMessage | undefined {
  return messagesOf(record).find(
    ({ ref, flags }) => (flags & PartFlag.inline) !== 0 && isSame(ref, record.message),
  )
}

function messagesOf({ parts }: StoredRecord): StoredMessage[] {
  return parts.flatMap((part) => (part.kind === PartKind.message ? [part.message] : []))
}

function messageOf(
  reader: HistoryReader,
  record: StoredRecord,
  earlier: readonly StoredRecord[],
): StoredMessage | Damage | undefined {
  const { message: ref, actor, name } = record
  if (ref.position === 0) return undefined
  const own = [record, ...earlier].map(ownMessage).find((message) => message !== undefined)
  if (own !== undefined) return asPending(own, actor, name)
  if (ref.position < 0) return lostMessage(reader, record)
  const accepted = reader.record(ref.position) ?? missing(ref.position)
  if (isDamage(accepted)) return accepted
  const sent = messagesOf(accepted).find((message) => isSame(message.ref, ref))
  return sent === undefined ? missing(ref.position) : asPending(sent, actor, name)
}

/** As its actor gets it: a published one by the name that it subscribed under. */
function asPending(message: StoredMessage, to: string, name: string): StoredMessage {
  return { ...message, to, name }
}

/** It was in memory only, and a step's record that is gone has taken it in. */
function lostMessage(reader: HistoryReader, { position }: StoredRecord): Damage {
  const place = reader.place(position) ?? missing(position)
  return isDamage(place)
    ? place
    : damaged(place, reader, 'the message of this turn is not recorded')
}

function isStep({ kind }: StoredRecord): boolean {
  return kind === RecordKind.stepBegun || kind === RecordKind.stepDone
}

function stepOf(record: StoredRecord): StoredStep {
  return { done: record.kind === RecordKind.stepDone, message: record.message, record }
}

/** Settled steps as the turn noted them; of one that failed, in the order of their records. */
function scriptOf(record: StoredRecord, earlier: readonly StoredRecord[]): ScriptEntry[] {
  const done = earlier.filter(({ kind }) => kind === RecordKind.stepDone)
  const settled =
    record.inputs === undefined
      ? done.map((one): readonly [string, number] => [keyOf(one), one.time])
      : decodeInputs(record.inputs).settled
  const positions = new Map(done.map((one) => [keyOf(one), one.position]))
  const interrupts = earlier.filter(({ kind }) => kind === RecordKind.interrupt)
  const script: ScriptEntry[] = []
  for (const [key, now] of settled) {
    while (interrupts[0] !== undefined && interrupts[0].position < (positions.get(key) ?? 0)) {
      script.push(interruption(interrupts.shift() as StoredRecord))
    }
    script.push({ kind: 'settled', key, now })
  }
  return [...script, ...interrupts.map(interruption)]
}

function keyOf({ step }: StoredRecord): string {
  return step === undefined ? '' : (decodeValue(step) as { readonly key: string }).key
}

function interruption({ error }: StoredRecord): ScriptEntry {
  const reason = decodeError(error && decodeValue(error)) as TroupeError
  return { kind: 'interrupted', reason }
}
