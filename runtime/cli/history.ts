/** `troupe history FILE`: lists, searches, follows and draws a recorded history. */
import { setTimeout as delay } from 'node:timers/promises'
import { isDamage } from '../../persistence/decode.ts'
import type { HistoryReader } from '../../persistence/history-reader.ts'
import { exportHistory } from '../../persistence/replay/export.ts'
import { checkFilter, type HistoryFilter } from '../../persistence/replay/filter.ts'
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
import { type Command, exit, type Terminal } from './command.ts'
import {
  checkMode,
  filterOf,
  type HistoryValues,
  historyHelp,
  limitOf,
  parseHistory,
} from './history-options.ts'
import { Interrupt } from './interrupt.ts'
import { Output, plain } from './output.ts'
import { RecordList } from './record-list.ts'
import { treeLines } from './show-record.ts'

export const history: Command = async (args, terminal) => {
  const parsed = parseHistory(args)
  if (parsed === 'help') {
    terminal.stdout.write(historyHelp)
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
  values: HistoryValues,
  filter: HistoryFilter,
  terminal: Terminal,
): Promise<number> {
  const out = new Output(terminal)
  if (values.cause !== undefined) return showTree([causeTree(reader, values.cause)], values, out)
  if (values.export) return giveOut(reader, out)
  if (values.why !== undefined) return showTree(whyChain(reader, values.why), values, out)
  const limit = limitOf(values)
  if (values.mermaid) return draw(reader, filter, limit, out)
  const list = new RecordList(values, limit, out)
  if (values.follow) return follow(reader, filter, list, terminal)
  for (const record of selectRecords(reader, filter)) if (!list.add(record)) break
  return list.end()
}

async function follow(
  reader: HistoryReader,
  filter: HistoryFilter,
  list: RecordList,
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
  { json }: HistoryValues,
  out: Output,
): Promise<number> {
  const position = await importFile(source, file)
  if (json) out.json({ file, position })
  else out.line(`${plain(file)} holds ${position} records`)
  return exit.ok
}

function showTree(trees: readonly MessageTree[], { json }: HistoryValues, out: Output): number {
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
