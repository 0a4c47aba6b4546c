/**
 * `troupe step FILE`: walks through a history, a typed line at a time. From a pipe it is a script: an
 * error ends it, because what follows was meant for another place.
 */
import { createInterface } from 'node:readline'
import { TroupeError } from '../../mailbox/errors.ts'
import { isDamage } from '../../persistence/decode.ts'
import { type RecordView, recordToJson } from '../../persistence/replay/record-view.ts'
import { toJson } from '../../persistence/replay/recorded-value.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import { type Stand, Walk } from '../../persistence/replay/walk.ts'
import { parseArguments } from './arguments.ts'
import { type Command, exit, type Terminal } from './command.ts'
import { Output, plain } from './output.ts'
import { damageLine, recordLines, valueWidth } from './show-record.ts'
import { differenceLine, differenceToJson, prettyLines } from './show-value.ts'
import { obey, stepWords } from './step-commands.ts'

const help = `usage: troupe step FILE [options]

Walks through the records of a store: the message, what it changed in its actor's state, the steps, what
was sent. Type a word and Enter:

${stepWords()}

  --at N    begins at a position; default: before the first record
  --archive DIR
            with the files that retention has put there (\`createSystem({ archive })\`)
  --full    values in full, however long
  --json    one JSON value for each line that is typed

Words can be piped in; then the first error ends it. Exit code 0; 1 when something could not be read or
a piped word failed; 2 for a mistake in the arguments.
`

const spec = {
  command: 'step',
  positionals: ['FILE'],
  options: {
    at: { type: 'string' },
    archive: { type: 'string' },
    full: { type: 'boolean' },
    json: { type: 'boolean' },
  },
} as const

export const step: Command = async (args, terminal) => {
  const parsed = parseArguments(spec, args)
  if (parsed === 'help') {
    terminal.stdout.write(help)
    return exit.ok
  }
  const { values, positionals } = parsed
  const recording = openRecording(positionals[0] as string, values)
  try {
    const walk = new Walk(recording.reader)
    if (values.at !== undefined) obey(walk, `goto ${values.at}`)
    const width = values.full ? Number.POSITIVE_INFINITY : valueWidth
    const out = new Output(terminal)
    const page = values.json ? new JsonPage(walk, out) : new TextPage(walk, out, width)
    return await converse(walk, page, terminal)
  } finally {
    recording.close()
  }
}

/** How a walk is shown. */
interface Page {
  here(stand: Stand | undefined): void
  state(actor: string): void
  text(text: string): void
}

async function converse(walk: Walk, page: Page, terminal: Terminal): Promise<number> {
  const { stdin } = terminal
  if (stdin === undefined) return exit.ok
  const isTyped = 'isTTY' in stdin && stdin.isTTY === true
  const prompt = (): void => {
    if (isTyped) terminal.stdout.write(`${walk.position}> `)
  }
  const lines = createInterface({ input: stdin })
  try {
    if (isTyped) page.text(`${stepWords()}\n`)
    prompt()
    for await (const line of lines) {
      if (!take(line, walk, page, isTyped, terminal)) return isTyped ? exit.ok : exit.failed
      if (isEnd(line)) return exit.ok
      prompt()
    }
    return exit.ok
  } finally {
    lines.close()
  }
}

function isEnd(line: string): boolean {
  return /^\s*(q|quit)\s*$/.test(line)
}

/** False when the line failed and was not typed. */
function take(line: string, walk: Walk, page: Page, isTyped: boolean, terminal: Terminal): boolean {
  try {
    answer(line, walk, page)
    return true
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error
    terminal.stderr.write(`troupe: ${plain(error.message)} [${error.code}]\n`)
    return isTyped
  }
}

function answer(line: string, walk: Walk, page: Page): void {
  const told = obey(walk, line)
  switch (told.kind) {
    case 'moved':
      return page.here(walk.stand())
    case 'stayed':
      return page.text(told.why)
    case 'text':
      return page.text(told.text)
    case 'state':
      return page.state(told.actor ?? actorHere(walk))
    case 'quit':
      return
    default:
      told satisfies never
  }
}

function actorHere(walk: Walk): string {
  const record = walk.stand()?.record
  const actor = record === undefined || isDamage(record) ? '' : (record as RecordView).actor
  const chosen = actor || walk.filter.actor
  if (chosen !== undefined && chosen !== '') return chosen
  throw new TroupeError('OPTION_INVALID', 'this record has no actor; say `state TYPE/KEY`')
}

class TextPage implements Page {
  readonly #walk: Walk
  readonly #out: Output
  readonly #width: number

  constructor(walk: Walk, out: Output, width: number) {
    this.#walk = walk
    this.#out = out
    this.#width = width
  }

  here(stand: Stand | undefined): void {
    const out = this.#out
    if (stand === undefined) return out.line('before the first record')
    const { record, changes, trouble } = stand
    if (isDamage(record)) return out.line(damageLine(record, out))
    const width = this.#width
    for (const line of recordLines(record as RecordView, out, { width })) out.line(line)
    for (const one of changes) {
      for (const line of differenceLine(one, out, width)) out.line(`         ${line}`)
    }
    if (trouble !== undefined)
      out.line(`         ${out.paint('red', 'no state')}  ${plain(trouble)}`)
  }

  state(actor: string): void {
    const value = this.#walk.stateOf(actor)
    if (value === undefined) return this.#out.line(`${plain(actor)} has no state here`)
    for (const line of prettyLines(value, this.#width)) this.#out.line(line)
  }

  text(text: string): void {
    for (const line of text.split('\n')) this.#out.line(plain(line))
  }
}

class JsonPage implements Page {
  readonly #walk: Walk
  readonly #out: Output

  constructor(walk: Walk, out: Output) {
    this.#walk = walk
    this.#out = out
  }

  here(stand: Stand | undefined): void {
    if (stand === undefined) return this.#out.json({ position: 0 })
    const { position, record, changes, trouble } = stand
    const shown = isDamage(record) ? record : recordToJson(record as RecordView)
    this.#out.json({
      position,
      record: shown,
      changes: changes.map(differenceToJson),
      ...(trouble !== undefined && { trouble }),
    })
  }

  state(actor: string): void {
    const value = this.#walk.stateOf(actor)
    this.#out.json({ actor, position: this.#walk.position, state: toJson(value) })
  }

  text(text: string): void {
    this.#out.json({ text })
  }
}
