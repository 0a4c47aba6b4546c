/** `troupe quarantine FILE list|inspect|release`: what killed twice and is not started any more (F3). */
import { TroupeError } from '../../mailbox/errors.ts'
import { toJson } from '../../persistence/replay/recorded-value.ts'
import {
  type QuarantinedEntry,
  readQuarantine,
  releaseQuarantined,
} from '../main/quarantine-file.ts'
import { misuse, parseArguments } from './arguments.ts'
import { type Command, exit } from './command.ts'
import { Output, plain } from './output.ts'
import { prettyLines } from './show-value.ts'

const help = `usage: troupe quarantine FILE list|inspect|release [ID] [options]

What killed its thread or the process twice and is not started any more: messages, activations of actors,
timers. A running system has it under system.deadLetters and system.quarantine.

  list          all of it, one a line; FILE may be in use
  inspect ID    all with that ID: a message with its payload, error and recorded steps; FILE may be in use
  release ID    lets it start again; a message is sent again and keeps its recorded steps. Nobody else may
                have FILE open for writing

  --to TYPE/KEY of the message of that actor alone: all subscribers of a topic have the same
  --json        entries as JSON, one a line

Exit code 0: done; 1: failed, or nothing of that ID is there; 2: a mistake in the arguments.
`

/** Longest line of a payload. */
const width = 200

const spec = {
  command: 'quarantine',
  positionals: ['FILE', 'list|inspect|release', 'ID?'],
  options: { to: { type: 'string' }, json: { type: 'boolean' } },
} as const

export const quarantine: Command = async (args, terminal) => {
  const parsed = parseArguments(spec, args)
  if (parsed === 'help') {
    terminal.stdout.write(help)
    return exit.ok
  }
  const [file = '', what = '', id] = parsed.positionals
  const entries = await entriesOf(file, what, id, parsed.values.to)
  const out = new Output(terminal)
  for (const entry of entries) {
    if (parsed.values.json) out.json(jsonOf(entry))
    else if (what === 'inspect') inspect(entry, out)
    else out.line(lineOf(entry, out))
  }
  return exit.ok
}

async function entriesOf(
  file: string,
  what: string,
  id: string | undefined,
  to: string | undefined,
): Promise<readonly QuarantinedEntry[]> {
  switch (what) {
    case 'list':
      if (id !== undefined) throw misuse(spec.command, 'list takes no ID; inspect does')
      return (await readQuarantine(file)).filter((one) => isOf(one, to))
    case 'inspect':
      return await found(file, needed(what, id), to)
    case 'release':
      return [await releaseQuarantined(file, needed(what, id), to)]
    default:
      throw misuse(spec.command, `expected list, inspect or release, got ${JSON.stringify(what)}`)
  }
}

function needed(what: string, id: string | undefined): string {
  if (id !== undefined) return id
  throw misuse(spec.command, `${what} needs the ID that list shows`)
}

async function found(
  file: string,
  id: string,
  to: string | undefined,
): Promise<readonly QuarantinedEntry[]> {
  const entries = (await readQuarantine(file)).filter((one) => one.id === id && isOf(one, to))
  if (entries.length > 0) return entries
  throw new TroupeError(
    'DEAD_LETTER_GONE',
    `nothing with the id ${id} is quarantined; \`troupe quarantine FILE list\` shows what is`,
  )
}

function isOf({ actor }: QuarantinedEntry, to: string | undefined): boolean {
  return (to ?? actor) === actor
}

function lineOf({ kind, id, actor, message }: QuarantinedEntry, out: Output): string {
  const name = out.paint('bold', plain(id))
  if (message === undefined) return `${name}  ${kind}`
  const time = out.paint('dim', new Date(message.at).toISOString())
  return `${name}  ${plain(message.name)} to ${plain(actor)}  ${time}`
}

function jsonOf(entry: QuarantinedEntry): object {
  const { message } = entry
  if (message === undefined) return entry
  return { ...entry, message: { ...message, payload: toJson(message.payload) } }
}

function inspect(entry: QuarantinedEntry, out: Output): void {
  out.line(lineOf(entry, out))
  const { message } = entry
  if (message === undefined) return
  out.line(`from     ${message.from === '' ? 'outside' : plain(message.from)}`)
  out.line(`error    ${plain(message.error)}`)
  for (const { name, done } of message.steps) {
    out.line(`step     ${plain(name)} ${done ? 'done' : 'in doubt'}`)
  }
  for (const line of prettyLines(message.payload, width)) out.line(line)
}
