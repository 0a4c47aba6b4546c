/** `troupe fork FILE`: a new store that begins as another was at a position, with messages changed. */
import { type Edit, forkStore } from '../../persistence/replay/fork.ts'
import { aNumber, jsonFile, misuse, parseArguments } from './arguments.ts'
import { type Command, exit } from './command.ts'
import { Output, plain } from './output.ts'

const help = `usage: troupe fork FILE --at N --out NEW [options]

Makes NEW, a store that begins as FILE was at position N. FILE is only read and may be in use. Start the
app on NEW to go on from there: its effects are live.

  --at N            the last position to keep
  --out NEW         the store to make; nothing is overwritten
  --edit ID=FILE    another payload, the JSON in FILE, for a message that had not been begun by N, or
                    came from outside after it; may be repeated. \`troupe history\` shows ids
  --json            the answer as one JSON value

Exit code 0; 1 for a failure; 2 for a mistake in the arguments.
`

const spec = {
  command: 'fork',
  positionals: ['FILE'],
  options: {
    at: { type: 'string' },
    out: { type: 'string' },
    edit: { type: 'string', multiple: true },
    json: { type: 'boolean' },
  },
} as const

export const fork: Command = async (args, terminal) => {
  const parsed = parseArguments(spec, args)
  if (parsed === 'help') {
    terminal.stdout.write(help)
    return exit.ok
  }
  const { values, positionals } = parsed
  if (values.at === undefined || values.out === undefined) {
    throw misuse('fork', '--at and --out are needed; see troupe fork --help')
  }
  const forked = await forkStore(positionals[0] as string, {
    at: aNumber('fork', '--at', values.at, 1, Number.MAX_SAFE_INTEGER),
    out: values.out,
    edits: (values.edit ?? []).map(anEdit),
  })
  const out = new Output(terminal)
  if (values.json) out.json(forked)
  else {
    out.line(`${plain(values.out)} holds ${forked.position} records`)
    for (const { id, now } of forked.edited) {
      out.line(
        now === undefined ? `${plain(id)} is changed` : `${plain(id)} is changed, now ${now}`,
      )
    }
  }
  return exit.ok
}

/** The id ends at the last `=` before a file: an own id may hold one too. */
function anEdit(text: string): Edit {
  const [, id, file] = /^(.+)=([^=]+)$/.exec(text) ?? []
  if (id === undefined || file === undefined) {
    throw misuse('fork', `--edit expects ID=FILE, got ${JSON.stringify(text)}`)
  }
  return { id, payload: jsonFile('fork', file) }
}
