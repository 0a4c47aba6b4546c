/** Records, messages and values as lines for people. */
import { isDamage } from '../../persistence/decode.ts'
import type { MessageTree } from '../../persistence/replay/lineage.ts'
import type { MessageView, RecordView } from '../../persistence/replay/record-view.ts'
import { type RecordedValue, toJson } from '../../persistence/replay/recorded-value.ts'
import type { Damage } from '../../persistence/stored.ts'
import { type Output, plain, shortened } from './output.ts'

/** Characters of a value that a line shows unless all is asked for. */
export const valueWidth = 160

export interface ShowOptions {
  /** Longest value, in characters. */
  readonly width: number
}

/** Lines of one record: itself, then what it says. */
export function recordLines(view: RecordView, out: Output, { width }: ShowOptions): string[] {
  const at = new Date(view.time).toISOString()
  const head = [
    String(view.position).padStart(7),
    out.paint('dim', at),
    out.paint('cyan', kindOf(view)),
    view.actor === '' ? '' : out.paint('bold', plain(view.actor)),
    plain(view.name),
    view.message === undefined ? '' : `${view.message} from ${who(view.from)}`,
    view.lane === undefined || view.lane === 'normal' ? '' : `lane ${view.lane}`,
    outcomeOf(view, out),
  ]
  const value = (sign: string, one: RecordedValue | undefined): string[] =>
    one === undefined ? [] : [`${indent}${sign} ${showValue(one, width)}`]
  return [
    head.filter((word) => word !== '').join('  '),
    ...value('<', view.inline?.payload),
    ...view.sends.map((message) => `${indent}> ${messageLine(message, width)}`),
    ...view.notes.map((note) => `${indent}* ${plain(note)}`),
    ...value('=', view.reply),
    ...value('=', view.result),
    ...errorLines(view, out, width),
  ]
}

const indent = '         '

export function damageLine(damage: Damage, out: Output): string {
  const where = [...new Set(damage.positions)].join(' to ')
  return `${where.padStart(7)}  ${out.paint('red', 'damaged')}  ${plain(damage.detail)}`
}

/** A message with its receiver and payload. */
export function messageLine(
  { to, topic, name, id, ownId, ask, payload }: MessageView,
  width: number,
): string {
  const words = [
    topic === undefined ? plain(to) : `topic ${plain(topic)}`,
    plain(name),
    id,
    ownId === undefined ? '' : `own id ${plain(JSON.stringify(ownId))}`,
    ask ? 'ask' : '',
    payload === undefined ? '(header only)' : showValue(payload, width),
  ]
  return words.filter((word) => word !== '').join('  ')
}

/** A value on one line. */
export function showValue(recorded: RecordedValue, width: number): string {
  switch (recorded.kind) {
    case 'value': {
      const json = JSON.stringify(toJson(recorded.value)) ?? 'undefined'
      return shortened(plain(json), width, recorded.bytes)
    }
    case 'unreadable':
      return `unreadable, ${recorded.bytes} bytes: ${plain(recorded.why)}`
    default:
      return recorded satisfies never
  }
}

/** A tree of messages, a line for each message and each record about it. */
export function* treeLines(tree: MessageTree, out: Output, depth = 0): Generator<string> {
  const { id, message, records, children } = tree
  const pad = '  '.repeat(depth)
  const what =
    message === undefined
      ? out.paint('dim', 'not in the history')
      : `${who(message.from)} > ${messageLine(message, valueWidth)}`
  yield `${pad}${message === undefined ? `${id}  ` : ''}${what}`
  for (const record of records) yield `${pad}    ${treeRecord(record, out)}`
  for (const child of children) yield* treeLines(child, out, depth + 1)
}

function treeRecord(record: RecordView | Damage, out: Output): string {
  if (isDamage(record)) return damageLine(record, out).trim()
  const view = record as RecordView
  const words = [String(view.position), kindOf(view), plain(view.actor), plain(view.name)]
  return [...words, outcomeOf(view, out)].filter((word) => word !== '').join('  ')
}

export function who(address: string): string {
  return address === '' ? 'outside' : plain(address)
}

function kindOf({ kind, turn, step }: RecordView): string {
  if (turn !== undefined) return `${kind} ${turn}`
  return step === undefined ? kind : `${kind} #${step}`
}

function outcomeOf({ outcome, kind }: RecordView, out: Output): string {
  if (outcome === 'ok') return kind === 'turn' ? out.paint('green', 'ok') : ''
  return out.paint(outcome === 'stashed' ? 'yellow' : 'red', outcome)
}

/** An error's own words; its stack is in the JSON. */
function errorLines({ error }: RecordView, out: Output, width: number): string[] {
  if (error === undefined) return []
  const data = error.kind === 'value' ? (error.value as ErrorData | null) : null
  const text =
    typeof data?.message === 'string'
      ? shortened(
          plain(`${data.code ?? data.name ?? 'Error'}: ${data.message}`),
          width,
          error.bytes,
        )
      : showValue(error, width)
  return [`${indent}${out.paint('red', '!')} ${text}`]
}

interface ErrorData {
  readonly name?: unknown
  readonly code?: unknown
  readonly message?: unknown
}
