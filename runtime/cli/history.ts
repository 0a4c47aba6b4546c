/** `troupe history FILE`: lists, searches, follows and draws a recorded history. */
import { setTimeout as delay } from 'node:timers/promises'
import type { LaneName } from '../../mailbox/lane.ts'
import { isDamage } from '../../persistence/decode.ts'
import type { HistoryReader } from '../../persistence/history-reader.ts'
import { exportHistory } from '../../persistence/replay/export.ts'
import {
  checkFilter,
  type HistoryFilter,
  type RecordOutcome,
} from '../../persistence/replay/filter.ts'
import { followRecords } from '../../persistence/replay/follow.ts'
import { importFile } from '../../persistence/replay/import-file.ts'
import { causeTree, type MessageTree, whyChain } from '../../persistence/replay/lineage.ts'
import { recordDiagram } from '../../persistence/replay/record-diagram.ts'
import {
  messageToJson,
  type RecordView,
  recordToJson,
  viewRecord,
} from '../../persistence/replay/record-view.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import { selectRecords } from '../../persistence/replay/scan.ts'
import type { Damage, StoredRecord } from '../../persistence/stored.ts'
import { aNumber, aTime, misuse, parseArguments } from './arguments.ts'
import { type Command, exit, type Terminal } from './command.ts'
import { Interrupt } from './interrupt.ts'
import { Output, plain } from './output.ts'
import { damageLine, recordLines, treeLines, valueWidth } from './show-record.ts'

const help = `usage: troupe history FILE [options]

Lists the records of a store: messages accepted, turns, steps, dead letters. FILE may be in use.

  --actor TYPE/KEY   of this actor, and what came to it from outside
  --type TYPE        of all actors of a type
  --from TYPE/KEY    about messages of this sender
  --name NAME        of a handler, step or message
  --topic PATTERN    published to a topic: orders.* or orders.**
  --lane LANE        system, control, high, normal or low
  --since TIME       like 2026-11-25T09:30:00Z, or ms since 1970
  --until TIME
  --outcome NAME     ok, failed, stashed, parked or dead-letter
  --failed           what went wrong: failed, parked, dead letters
  --text TEXT        in a name or in a value, upper and lower case alike
  --first N          positions, both inclusive
  --last N
  --limit N          no more than N records

  --follow           goes on with what a running system commits, until Ctrl-C
  --cause ID         the tree of what a message led to; an id is @p12.0, @v3.17 or the sender's own
  --why ID           the chain of messages back to its origin
  --mermaid          the selection as a sequence diagram
  --export           the whole history as NDJSON, values as base64
  --import EXPORT    makes FILE, a new store, of an export
  --archive DIR      with the files that retention has put there (\`createSystem({ archive })\`)
  --full             values in full, however long
  --json             one record a line; with --cause and --why one message a line

Exit code 0; 1 when something could not be read, which is told; 2 for a mistake in the arguments.
`

const spec = {
  command: 'history',
  positionals: ['FILE'],
  options: {
    actor: { type: 'string' },
    type: { type: 'string' },
    from: { type: 'string' },
    name: { type: 'string' },
    topic: { type: 'string' },
    lane: { type: 'string' },
    since: { type: 'string' },
    until: { type: 'string' },
    outcome: { type: 'string' },
    failed: { type: 'boolean' },
    text: { type: 'string' },
    first: { type: 'string' },
    last: { type: 'string' },
    limit: { type: 'string' },
    follow: { type: 'boolean' },
    cause: { type: 'string' },
    why: { type: 'string' },
    mermaid: { type: 'boolean' },
    export: { type: 'boolean' },
    import: { type: 'string' },
    archive: { type: 'string' },
    full: { type: 'boolean' },
    json: { type: 'boolean' },
  },
} as const

type Values = Exclude<ReturnType<typeof parse>, 'help'>['values']

function parse(args: readonly string[]) {
  return parseArguments(spec, args)
}

export const history: Command = async (args, terminal) => {
  const parsed = parse(args)
  if (parsed === 'help') {
    terminal.stdout.write(help)
    return exit.ok
  }
  const { values, positionals } = parsed
  const filter = filterOf(values)
  checkFilter(filter)
  checkMode(values)
  if (values.import !== undefined) {
    return takeIn(values.import, positionals[0] as string, values, new Output(terminal))
  }
  const recording = openRecording(positionals[0] as string, values)
  try {
    return await answer(recording.reader, values, filter, terminal)
  } finally {
    recording.close()
  }
}

async function answer(
  reader: HistoryReader,
  values: Values,
  filter: HistoryFilter,
  terminal: Terminal,
): Promise<number> {
  const out = new Output(terminal)
  if (values.cause !== undefined) return showTree([causeTree(reader, values.cause)], values, out)
  if (values.export) return giveOut(reader, out)
  if (values.why !== undefined) return showTree(whyChain(reader, values.why), values, out)
  const limit =
    values.limit === undefined ? Number.POSITIVE_INFINITY : numberOf('--limit', values.limit)
  if (values.mermaid) return draw(reader, filter, limit, out)
  const list = new List(values, limit, out)
  if (values.follow) return follow(reader, filter, list, terminal)
  for (const record of selectRecords(reader, filter)) if (!list.add(record)) break
  return list.end()
}

function filterOf(values: Values): HistoryFilter {
  const { actor, type, from, name, topic, text } = values
  const given = {
    ...{ actor, type, from, name, topic, text },
    lane: values.lane as LaneName | undefined,
    outcome: values.outcome as RecordOutcome | undefined,
    failed: values.failed,
    since: values.since === undefined ? undefined : aTime('history', '--since', values.since),
    until: values.until === undefined ? undefined : aTime('history', '--until', values.until),
    first: values.first === undefined ? undefined : numberOf('--first', values.first),
    last: values.last === undefined ? undefined : numberOf('--last', values.last),
  }
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as HistoryFilter
}

function numberOf(option: string, text: string): number {
  return aNumber('history', option, text, 1, Number.MAX_SAFE_INTEGER)
}

/** Answers of different shape do not mix. */
function checkMode(values: Values): void {
  const { cause, why, mermaid, follow, json, last } = values
  const modes = Object.entries({
    ...{ cause, why, mermaid, follow },
    export: values.export,
    import: values.import,
  })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => `--${name}`)
  if (modes.length > 1) throw misuse('history', `${modes.join(' and ')} cannot be combined`)
  if (mermaid && json) throw misuse('history', '--mermaid and --json cannot be combined')
  if (follow && last !== undefined) {
    throw misuse('history', '--follow has no end, so --last means nothing with it')
  }
}

/** Shows records one by one, up to a limit. */
class List {
  readonly #out: Output
  readonly #json: boolean
  readonly #width: number
  #left: number
  #damaged = false

  constructor({ json, full }: Values, limit: number, out: Output) {
    this.#out = out
    this.#json = json === true
    this.#width = full ? Number.POSITIVE_INFINITY : valueWidth
    this.#left = limit
  }

  /** False once there is no room for more. */
  add(record: StoredRecord | Damage): boolean {
    if (isDamage(record)) this.#damage(record)
    else this.#record(viewRecord(record as StoredRecord))
    this.#left -= 1
    return this.#left > 0
  }

  end(): number {
    return this.#damaged ? exit.failed : exit.ok
  }

  #record(view: RecordView): void {
    if (this.#json) this.#out.json(recordToJson(view))
    else
      for (const line of recordLines(view, this.#out, { width: this.#width })) this.#out.line(line)
  }

  #damage(damage: Damage): void {
    this.#damaged = true
    if (this.#json) this.#out.json(damage)
    else this.#out.line(damageLine(damage, this.#out))
  }
}

async function follow(
  reader: HistoryReader,
  filter: HistoryFilter,
  list: List,
  terminal: Terminal,
): Promise<number> {
  const interrupt = new Interrupt(terminal)
  const ending = new AbortController()
  void interrupt.came.then(() => ending.abort())
  const wait = (ms: number, signal: AbortSignal): Promise<void> => delay(ms, undefined, { signal })
  try {
    for await (const record of followRecords(reader, filter, { signal: ending.signal, wait })) {
      if (!list.add(record)) break
    }
  } finally {
    interrupt.close()
  }
  return list.end()
}

function draw(reader: HistoryReader, filter: HistoryFilter, limit: number, out: Output): number {
  const chosen: (RecordView | Damage)[] = []
  for (const record of selectRecords(reader, filter)) {
    chosen.push(isDamage(record) ? record : viewRecord(record as StoredRecord))
    if (chosen.length >= limit) break
  }
  out.line(recordDiagram(chosen).trimEnd())
  return chosen.some((one) => isDamage(one)) ? exit.failed : exit.ok
}

function giveOut(reader: HistoryReader, out: Output): number {
  let damaged = false
  for (const line of exportHistory(reader)) {
    damaged ||= isDamage(line)
    out.json(line)
  }
  return damaged ? exit.failed : exit.ok
}

async function takeIn(
  source: string,
  file: string,
  { json }: Values,
  out: Output,
): Promise<number> {
  const position = await importFile(source, file)
  if (json) out.json({ file, position })
  else out.line(`${plain(file)} holds ${position} records`)
  return exit.ok
}

function showTree(trees: readonly MessageTree[], { json }: Values, out: Output): number {
  for (const tree of trees) {
    if (json) for (const one of messagesIn(tree)) out.json(one)
    else for (const line of treeLines(tree, out)) out.line(line)
  }
  return exit.ok
}

/** A tree as a list: each message knows its cause. */
function* messagesIn({ id, message, records, children }: MessageTree): Generator<object> {
  yield {
    id,
    ...(message && messageToJson(message)),
    records: records.map((one) => (isDamage(one) ? one : recordToJson(one as RecordView))),
  }
  for (const child of children) yield* messagesIn(child)
}
