/**
 * An export committed into a new store, record by record, through the same door as a running system's:
 * positions, own ids, timers and waiting messages come out as they were, or a line is refused.
 */
import type { HistoryStore } from '../history-store.ts'
import { PartFlag, PartKind, RecordKind, Section } from '../record.ts'
import { SegmentBuilder } from '../segment.ts'
import { badLine, type ExportedRecord, exportVersion } from './export.ts'
import { Fields } from './fields.ts'

/** Records committed at once. */
const batch = 256
const slot = 0

/** A store that is being filled from an export. */
export interface ImportTarget {
  /** Opens the new store, on this clock. */
  open(now: () => number): HistoryStore
}

/**
 * @param lines an export, line by line
 * @returns the position of the last record
 * @throws STORE_CORRUPT for a line that is no record, or does not follow from those before it
 */
export async function importHistory(
  lines: AsyncIterable<string> | Iterable<string>,
  target: ImportTarget,
): Promise<number> {
  let work: Import | undefined
  let line = 0
  let expected = 0
  try {
    for await (const text of lines) {
      line += 1
      if (work === undefined) {
        expected = headOf(text, line)
        work = new Import(target)
      } else if (text !== '') work.add(text, line)
    }
    if (work === undefined) throw badLine(1, 'it is empty')
    const position = work.end()
    if (position === expected) return position
    throw badLine(line, `it ends at record ${position}, its first line promises ${expected}`)
  } finally {
    work?.close()
  }
}

function headOf(text: string, line: number): number {
  const head = new Fields(parse(text, line), line)
  if (head.text('troupe') !== 'history') throw badLine(line, 'it does not begin an export')
  const version = head.number('version')
  if (version > exportVersion) {
    throw badLine(line, `it has version ${version}, this troupe knows up to ${exportVersion}`)
  }
  return head.number('position')
}

function parse(text: string, line: number): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw badLine(line, (error as Error).message)
  }
}

class Import {
  readonly #store: HistoryStore
  readonly #build: SegmentBuilder
  /** Wall time in ms of the commit of the records that are being built. */
  #committed = 0
  #position = 0
  #lines: number[] = []
  /** The highest thread incarnation that a message came from: none is given out again. */
  #origin = 0

  constructor(target: ImportTarget) {
    this.#store = target.open(() => this.#committed)
    this.#build = new SegmentBuilder(slot, this.#store.beginEpoch(slot))
  }

  add(text: string, line: number): void {
    const record = new Fields(parse(text, line), line)
    const position = record.number('position')
    if (position !== this.#position + this.#lines.length + 1) {
      const next = this.#position + this.#lines.length + 1
      throw badLine(
        line,
        `expected record ${next}, got ${position}; only a whole history is imported: where retention took records out, export it with --archive`,
      )
    }
    const committed = record.number('committed')
    if (committed !== this.#committed || this.#lines.length === batch) this.#commit()
    this.#committed = committed
    this.#record(record)
    for (const part of record.list('parts')) this.#part(part)
    this.#lines.push(line)
  }

  end(): number {
    this.#commit()
    if (this.#origin > 0) this.#store.reserveOrigins(this.#origin)
    return this.#position
  }

  close(): void {
    this.#store.close()
  }

  #record(record: Fields): void {
    const sections = record.object('sections')
    const kind = record.number('kind') as ExportedRecord['kind']
    this.#build.record({
      kind: record.known('kind', Object.values(RecordKind), kind),
      time: record.number('time'),
      actor: record.text('actor'),
      turn: record.number('turn'),
      version: record.number('version'),
      message: this.#ref(record, 'message'),
      lane: record.number('lane'),
      sender: record.text('sender'),
      name: record.text('name'),
      flags: record.number('flags'),
      ...Object.fromEntries(
        Object.keys(Section).flatMap((name) => {
          const bytes = sections.bytes(name)
          return bytes === undefined ? [] : [[name, bytes]]
        }),
      ),
    })
  }

  #part(part: Fields): void {
    const kind = part.known('kind', Object.values(PartKind), part.number('kind'))
    switch (kind) {
      case PartKind.message:
        return this.#message(part)
      case PartKind.reply:
        return this.#build.reply(part.bytes('value') ?? new Uint8Array(0), part.flag('failed'))
      case PartKind.timerSet:
        return this.#build.setTimer({
          id: part.text('id'),
          name: part.text('name'),
          lane: part.number('lane'),
          due: part.number('due'),
          every: part.number('every'),
          version: part.number('version'),
          payload: part.bytes('payload') ?? new Uint8Array(0),
        })
      case PartKind.timerCancelled:
        return this.#build.cancelTimer(part.text('id'))
      case PartKind.timerFired:
        return this.#build.timerFired({
          actor: part.text('actor'),
          id: part.text('id'),
          due: part.number('due'),
          next: part.number('next'),
        })
      case PartKind.subscribed:
        return this.#build.subscribe({
          pattern: part.text('pattern'),
          name: part.text('name'),
          lane: part.number('lane'),
        })
      case PartKind.unsubscribed:
        return this.#build.unsubscribe(part.text('pattern'))
      case PartKind.ownId:
        throw part.bad('an own id stands with its message')
      default:
        kind satisfies never
    }
  }

  #message(part: Fields): void {
    const header = part.bytes('header')
    const payload = part.bytes('payload')
    const ownId = part.optionalText('ownId')
    const flags = part.number('flags')
    if (flags & PartFlag.dead) throw part.bad('it is flagged dead')
    this.#build.message({
      to: part.text('to'),
      from: part.text('from'),
      name: part.text('name'),
      lane: part.number('lane'),
      flags,
      deadline: part.number('deadline'),
      version: part.number('version'),
      cause: this.#ref(part, 'cause'),
      ...(ownId !== undefined && { ownId }),
      ...(header && { header }),
      ...(payload && { payload }),
    })
  }

  #ref(from: Fields, name: string): { position: number; index: number } {
    const [position, index] = from.pair(name)
    this.#origin = Math.max(this.#origin, -position)
    return { position, index }
  }

  #commit(): void {
    if (this.#lines.length === 0) return
    const [ack] = this.#store.commit([this.#build.take()])
    const refused = ack?.refused[0]
    if (refused !== undefined) {
      throw badLine(this.#lines[refused.record] ?? 0, `${refused.reason}: ${refused.detail}`)
    }
    this.#position += this.#lines.length
    this.#lines = []
  }
}
