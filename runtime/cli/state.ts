/** `troupe state FILE actor/key`: an actor's state at any point, the change between two, and blame. */
import { parseAddress } from '../../mailbox/address.ts'
import { isDamage } from '../../persistence/decode.ts'
import type { HistoryReader } from '../../persistence/history-reader.ts'
import { differences } from '../../persistence/replay/differences.ts'
import { recordToJson, viewRecord } from '../../persistence/replay/record-view.ts'
import { toJson } from '../../persistence/replay/recorded-value.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import {
  type ActorState,
  type Blame,
  blame,
  type Point,
  stateAt,
} from '../../persistence/replay/state-at.ts'
import type { Damage } from '../../persistence/stored.ts'
import { aNumber, misuse, parseArguments } from './arguments.ts'
import { type Command, exit } from './command.ts'
import { Output, plain } from './output.ts'
import { damageLine, recordLines, valueWidth } from './show-record.ts'
import { differenceLine, differenceToJson, prettyLines } from './show-value.ts'

const help = `usage: troupe state FILE TYPE/KEY [options]

Shows the state of a durable actor. FILE may be in use.

  --at POINT         as of a position of the history: 120, or after a turn of the actor: t5
  --diff POINT..POINT
                     what changed between two points, a place a line
  --blame PLACE      the record that last changed a place: balance, entries[0].amount,
                     index.get("key"), or "" for anything
  --archive DIR      with the files that retention has put there (\`createSystem({ archive })\`)
  --full             values in full, however long
  --json             the answer as one JSON value

Exit code 0; 1 when something the state hangs on cannot be read; 2 for a mistake in the arguments.
`

const spec = {
  command: 'state',
  positionals: ['FILE', 'TYPE/KEY'],
  options: {
    at: { type: 'string' },
    diff: { type: 'string' },
    blame: { type: 'string' },
    archive: { type: 'string' },
    full: { type: 'boolean' },
    json: { type: 'boolean' },
  },
} as const

type Values = Exclude<ReturnType<typeof parse>, 'help'>['values']

function parse(args: readonly string[]) {
  return parseArguments(spec, args)
}

export const state: Command = async (args, terminal) => {
  const parsed = parse(args)
  if (parsed === 'help') {
    terminal.stdout.write(help)
    return exit.ok
  }
  const { values, positionals } = parsed
  const [file, actor] = positionals as [string, string]
  parseAddress(actor)
  checkMode(values)
  const recording = openRecording(file, values)
  try {
    checkKnown(recording.reader, actor)
    const page = new Page(recording.reader, actor, values, new Output(terminal))
    if (values.diff !== undefined) return page.diff(values.diff)
    return values.blame === undefined ? page.show() : page.blame(values.blame)
  } finally {
    recording.close()
  }
}

function checkMode({ at, diff, blame }: Values): void {
  if (diff !== undefined && (at !== undefined || blame !== undefined)) {
    throw misuse(
      'state',
      `--diff says both of its points; it cannot be combined with ${at === undefined ? '--blame' : '--at'}`,
    )
  }
}

/** A name that is mistyped must not look like an actor without a state. */
function checkKnown(reader: HistoryReader, actor: string): void {
  if (reader.latest(actor, reader.position) !== 0) return
  throw misuse(
    'state',
    `no record of this history is of ${actor}; \`troupe history FILE\` shows whose are`,
  )
}

/** `120` or `t5`. @throws OPTION_INVALID */
export function parsePoint(command: string, text: string): Point {
  const turn = /^t(\d+)$/.exec(text)?.[1]
  if (turn !== undefined) return { turn: Number(turn) }
  return { position: aNumber(command, 'point', text, 0, Number.MAX_SAFE_INTEGER) }
}

class Page {
  readonly #reader: HistoryReader
  readonly #actor: string
  readonly #values: Values
  readonly #out: Output

  constructor(reader: HistoryReader, actor: string, values: Values, out: Output) {
    this.#reader = reader
    this.#actor = actor
    this.#values = values
    this.#out = out
  }

  show(): number {
    const { at, json } = this.#values
    const found = at === undefined ? this.#at(undefined) : this.#at(parsePoint('state', at))
    if (isDamage(found)) return this.#damaged(found)
    const { position, turn, version, state: folded } = found
    if (json) {
      const value = folded && { version, state: toJson(folded.value) }
      this.#out.json({ actor: this.#actor, position, turn, ...value })
      return exit.ok
    }
    this.#out.line(this.#head(found))
    if (folded === undefined) this.#out.line('no state')
    else for (const line of prettyLines(folded.value, this.#width())) this.#out.line(line)
    return exit.ok
  }

  diff(range: string): number {
    const [from, to, ...more] = range.split('..')
    if (!from || !to || more.length > 0) {
      throw misuse(
        'state',
        `--diff expects two points, like 3..9 or t1..t2, got ${JSON.stringify(range)}`,
      )
    }
    const before = this.#at(parsePoint('state', from))
    const after = this.#at(parsePoint('state', to))
    if (isDamage(before)) return this.#damaged(before)
    if (isDamage(after)) return this.#damaged(after)
    const found = [...differences(before.state?.value, after.state?.value)]
    if (this.#values.json) {
      const [a, b] = [place(before), place(after)]
      this.#out.json({ actor: this.#actor, from: a, to: b, changes: found.map(differenceToJson) })
      return exit.ok
    }
    this.#out.line(`${this.#head(before)} to turn ${after.turn}, position ${after.position}`)
    for (const one of found)
      for (const line of differenceLine(one, this.#out, this.#width())) this.#out.line(line)
    if (found.length === 0) this.#out.line('no difference')
    return exit.ok
  }

  blame(path: string): number {
    const { at } = this.#values
    const until = at === undefined ? undefined : this.#at(parsePoint('state', at))
    if (until !== undefined && isDamage(until)) return this.#damaged(until)
    const found = blame(this.#reader, this.#actor, path, until?.position)
    if (found === undefined) return this.#unchanged(path)
    if (isDamage(found)) return this.#damaged(found)
    const { record, before, after } = found as Blame
    const view = viewRecord(record)
    if (this.#values.json) {
      const values = { before: toJson(before), after: toJson(after) }
      this.#out.json({ actor: this.#actor, path, ...values, record: recordToJson(view) })
      return exit.ok
    }
    for (const line of recordLines(view, this.#out, { width: this.#width() })) this.#out.line(line)
    const change = { path, before: { value: before }, after: { value: after } }
    for (const line of differenceLine(change, this.#out, this.#width())) this.#out.line(line)
    return exit.ok
  }

  #at(point: Point | undefined): ActorState | Damage {
    return stateAt(this.#reader, this.#actor, point)
  }

  #head({ position, turn, version }: ActorState): string {
    const shape = version > 1 ? `, version ${version}` : ''
    const text = `${plain(this.#actor)}  turn ${turn}, position ${position}${shape}`
    return this.#out.paint('dim', text)
  }

  #unchanged(path: string): number {
    if (this.#values.json) this.#out.json({ actor: this.#actor, path, record: null })
    else this.#out.line(`nothing changed ${path === '' ? 'its state' : plain(path)}`)
    return exit.ok
  }

  #damaged(damage: Damage): number {
    if (this.#values.json) this.#out.json(damage)
    else this.#out.line(damageLine(damage, this.#out))
    this.#out.note(
      'the state hangs on what cannot be read; --at an earlier position shows what was before',
    )
    return exit.failed
  }

  #width(): number {
    return this.#values.full ? Number.POSITIVE_INFINITY : valueWidth
  }
}

function place({ position, turn }: ActorState): object {
  return { position, turn }
}
