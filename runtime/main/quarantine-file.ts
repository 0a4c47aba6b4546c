/**
 * What is quarantined in a store that no system has open (F3): listed read-only, released as the only
 * writer. A running system has `system.deadLetters` and `system.quarantine` for it.
 */
import { encodeHeader } from '../../actors/cell/stored-message.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { decodeValue } from '../../persistence/codec.ts'
import { suspectKey } from '../../persistence/hand-file.ts'
import { PartFlag, RecordKind } from '../../persistence/record.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import { SegmentBuilder } from '../../persistence/segment.ts'
import { openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import type { StoreReader } from '../../persistence/store.ts'
import {
  readHands,
  readSuspects,
  type Suspect,
  writeSuspects,
} from '../../persistence/suspects-file.ts'
import { lastStart } from '../peer/starts.ts'
import { readRecords } from '../store/read-records.ts'
import type { LetterData } from '../wire/host-control.ts'
import { LetterReader, type RecordSource } from './letter-reader.ts'
import { LetterSteps } from './letter-steps.ts'
import { mainStoreSlot } from './main-store.ts'

/** One that is not started any more. */
export interface QuarantinedEntry {
  readonly kind: 'message' | 'activation' | 'timer'
  /** What names it to `release`: the message's id, `type/key`, or `type/key timer`. */
  readonly id: string
  /** `type/key`. */
  readonly actor: string
  readonly timer?: string
  readonly message?: QuarantinedMessage
}

export interface QuarantinedMessage {
  readonly name: string
  /** Sender, `type/key`, empty from outside. */
  readonly from: string
  /** When it was given up, wall time in ms. */
  readonly at: number
  readonly error: string
  /** Names of the steps that are recorded of it, in order; done, or begun with an unknown outcome. */
  readonly steps: readonly { readonly name: string; readonly done: boolean }[]
  readonly payload: unknown
}

/** @throws OPTION_INVALID where there is no file; STORE_NEWER, STORE_READONLY, STORE_CORRUPT */
export async function readQuarantine(file: string): Promise<readonly QuarantinedEntry[]> {
  const { reader, close } = openRecording(file)
  try {
    const source = sourceIn(reader)
    const messages: QuarantinedEntry[] = []
    for (const letter of await lettersIn(source)) messages.push(await messageEntry(source, letter))
    return [...messages, ...standing(file).map(standingEntry)]
  } finally {
    close()
  }
}

/**
 * Lets it start again: a message is sent again with the steps that it has, the count of an activation or a
 * timer begins anew.
 * @param to receiver, where several have a message of that id: subscribers of a topic, users of an own id
 * @returns what was released
 * @throws DEAD_LETTER_GONE when nothing of that id is quarantined, OPTION_INVALID when several are, STORE_LOCKED while a system is running
 */
export async function releaseQuarantined(
  file: string,
  id: string,
  to?: string,
): Promise<QuarantinedEntry> {
  // A file that is not there would be made.
  openRecording(file).close()
  const store = openSqliteStore(file)
  try {
    const source = sourceIn(store)
    const letter = onlyOne(
      id,
      (await lettersIn(source)).filter((one) => one.id === id && (to ?? one.to) === one.to),
    )
    if (letter === undefined) return releaseStanding(file, id)
    const entry = await messageEntry(source, letter)
    if (letter.payload === undefined) throw gone(id, 'its payload cannot be read')
    const earlier = await new LetterSteps(source).of(letter.position, letter.id)
    const { tick, topic } = letter
    const header = encodeHeader({ ...(earlier && { earlier }), ...(tick && { tick }) }, topic)
    const builder = new SegmentBuilder(mainStoreSlot, store.beginEpoch(mainStoreSlot))
    const message = { position: letter.position, index: 0 }
    builder.record({ kind: RecordKind.replayed, time: Date.now(), message })
    builder.message({
      to: letter.to,
      from: letter.from,
      name: letter.name,
      lane: letter.lane,
      flags: PartFlag.durable,
      version: letter.version ?? 0,
      payload: letter.payload,
      ...(header && { header }),
    })
    store.commit([builder.take()])
    return entry
  } finally {
    store.close()
  }
}

function onlyOne(id: string, [letter, ...more]: readonly LetterData[]): LetterData | undefined {
  if (letter === undefined || more.length === 0) return letter
  const receivers = [letter, ...more].slice(0, 5).map(({ to }) => to)
  throw new TroupeError(
    'OPTION_INVALID',
    `${1 + more.length} actors have message ${id} in quarantine (${receivers.join(', ')}); say which with --to TYPE/KEY`,
    { fields: { id } },
  )
}

function sourceIn(store: StoreReader): RecordSource {
  return {
    records: ({ from, limit, kinds }) => readRecords(store, from, limit, kinds),
    record: (position) => store.record(position),
  }
}

/** Those that were not sent again. */
async function lettersIn(source: RecordSource): Promise<readonly LetterData[]> {
  const letters = new Map<number, LetterData>()
  for await (const found of new LetterReader(source).read()) {
    if (found.kind === 'replay') letters.delete(found.position)
    else if (found.data.reason === 'quarantined') letters.set(found.data.position, found.data)
  }
  return [...letters.values()]
}

async function messageEntry(source: RecordSource, letter: LetterData): Promise<QuarantinedEntry> {
  const { id, to, name, from, at, error, payload, position } = letter
  const earlier = await new LetterSteps(source).of(position, id)
  const steps = new Map((earlier?.steps ?? []).map(({ name, done }) => [name, { name, done }]))
  return {
    kind: 'message',
    id,
    actor: to,
    message: {
      name,
      from,
      at,
      error: error?.message ?? '',
      steps: [...steps.values()],
      payload: payload && decodeValue(payload),
    },
  }
}

/** Activations and timers, with what the last process had in hand when it died. */
function standing(file: string): readonly Suspect[] {
  const hands = new Map(readHands(file).map((suspect) => [suspectKey(suspect), suspect.starts]))
  return readSuspects(file).filter((suspect) => {
    const starts = Math.max(suspect.starts, hands.get(suspectKey(suspect)) ?? 0)
    return suspect.position === 0 && starts >= lastStart - 1 && suspect.address !== undefined
  })
}

function standingEntry({ address = '', timer }: Suspect): QuarantinedEntry {
  return timer === undefined
    ? { kind: 'activation', id: address, actor: address }
    : { kind: 'timer', id: `${address} ${timer}`, actor: address, timer }
}

function releaseStanding(file: string, id: string): QuarantinedEntry {
  const suspect = standing(file).find((one) => standingEntry(one).id === id)
  if (suspect === undefined) throw gone(id, 'it is not in the list')
  const key = suspectKey(suspect)
  writeSuspects(
    file,
    readSuspects(file).filter((one) => suspectKey(one) !== key),
    true,
  )
  return standingEntry(suspect)
}

function gone(id: string, why: string): TroupeError {
  return new TroupeError(
    'DEAD_LETTER_GONE',
    `${id} cannot be released: ${why}; \`troupe quarantine FILE list\` shows what is there`,
    { fields: { id } },
  )
}
