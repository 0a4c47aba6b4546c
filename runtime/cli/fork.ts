/** `troupe fork FILE`: a new store that begins as another was at a position, with messages changed. */
import { type Edit, type Forked, forkStore } from '../../persistence/replay/fork.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import { appOf } from './app-module.ts'
import { aNumber, jsonFile, misuse, parseArguments } from './arguments.ts'
import { type Command, exit } from './command.ts'
import { isDone, runFork, showRun, stepChoices } from './fork-run.ts'
import { Output, plain } from './output.ts'
import { secretsHelp, secretsOf, secretsOptions } from './secrets-options.ts'

const help = `usage: troupe fork FILE --at N --out NEW [options]

Makes NEW, a store that begins as FILE was at position N. FILE is only read and may be in use. With --run
the app goes on from there until nothing is left to do, and nothing live is reached unless it is chosen:
a call out of a turn is answered from what FILE has recorded behind N for the same input, or refused.

  --at N             the last position to keep
  --out NEW          the store to make; nothing is overwritten
  --edit ID=FILE     another payload, the JSON in FILE, for a message that had not been begun by N, or
                     came from outside after it; may be repeated. \`troupe history\` shows ids
  --run              run on
  --step NAME=WAY    for the effect NAME, or asks TYPE.MESSAGE of volatile actors: \`recorded\`, \`live\`, \`fail\`,
                     or \`stub=FILE\` for the JSON in FILE as result; may be repeated
  --deps             build the app's dependencies: what handlers do with them outside of effects is live.
                     They are built too when a step is live
  --app FILE         the app module, where it is not the one that wrote the store
  --within MS        longest time to run; default 60000
${secretsHelp}
  --json             the answer as one JSON value

Exit code 0; 1 for a failure, a refused call, or a run that does not come to rest; 2 for a mistake in the
arguments. Without --run, start the app on NEW to go on: its effects are live.
`

const spec = {
  command: 'fork',
  positionals: ['FILE'],
  options: {
    at: { type: 'string' },
    out: { type: 'string' },
    edit: { type: 'string', multiple: true },
    run: { type: 'boolean' },
    step: { type: 'string', multiple: true },
    deps: { type: 'boolean' },
    app: { type: 'string' },
    within: { type: 'string' },
    ...secretsOptions,
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
  const [from] = positionals as [string]
  if (values.at === undefined || values.out === undefined) {
    throw misuse('fork', '--at and --out are needed; see troupe fork --help')
  }
  const only = (['step', 'deps', 'app', 'within'] as const).find(
    (name) => values[name] !== undefined,
  )
  if (only !== undefined && !values.run) throw misuse('fork', `--${only} is for --run`)
  const at = aNumber('fork', '--at', values.at, 1, Number.MAX_SAFE_INTEGER)
  const plan = {
    from,
    at,
    out: values.out,
    steps: stepChoices(values.step ?? []),
    deps: values.deps ?? false,
    secrets: secretsOf('fork', values, terminal.env ?? {}),
    within: aNumber('fork', '--within', values.within ?? '60000', 0, longestTimer),
  }
  const app = values.run ? await appOf('fork', values.app, from, notedIn(from)) : undefined
  const forked = await forkStore(from, {
    at,
    out: values.out,
    edits: (values.edit ?? []).map(anEdit),
  })
  const out = new Output(terminal)
  if (!values.json) show(values.out, forked, out)
  const ran = app && (await runFork(app, plan))
  if (values.json) out.json(ran === undefined ? forked : { ...forked, run: ran })
  else if (ran !== undefined) showRun(ran, out)
  return ran === undefined || isDone(ran) ? exit.ok : exit.failed
}

/** Longest delay of a timer in ms. */
const longestTimer = 2 ** 31 - 1

function notedIn(file: string): ReturnType<typeof openRecording>['app'] {
  const { app, close } = openRecording(file)
  close()
  return app
}

function show(file: string, { position, edited }: Forked, out: Output): void {
  out.line(`${plain(file)} holds ${position} records`)
  for (const { id, now } of edited) {
    out.line(now === undefined ? `${plain(id)} is changed` : `${plain(id)} is changed, now ${now}`)
  }
}

/** The id ends at the last `=` before a file: an own id may hold one too. */
function anEdit(text: string): Edit {
  const [, id, file] = /^(.+)=([^=]+)$/.exec(text) ?? []
  if (id === undefined || file === undefined) {
    throw misuse('fork', `--edit expects ID=FILE, got ${JSON.stringify(text)}`)
  }
  return { id, payload: jsonFile('fork', file) }
}
