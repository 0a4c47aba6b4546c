/** `troupe check FILE --app app.ts`: what of a store new code would not load, before it is deployed. */
import { TroupeError } from '../../mailbox/errors.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import { type CheckReport, checkStore } from '../replay/check.ts'
import type { Finding } from '../replay/findings.ts'
import { appOf } from './app-module.ts'
import { parseArguments } from './arguments.ts'
import { type Command, exit } from './command.ts'
import { Output, plain } from './output.ts'

const help = `usage: troupe check FILE [options]

Tells before a deployment what of a store the code of an app would not load: actors of unknown types,
versions newer than the code, gaps in migrations, migrations that throw, and waiting messages and timers
without a handler. Migrations run in memory, on the newest state of every actor and on everything that
waits; nothing is written. FILE may be in use.

  --app FILE     the app module, where it is not the one that wrote the store
  --json         the report as one JSON value

Exit code 0 when all of it loads, 3 when something does not, 2 for a mistake in the arguments.
`

const spec = {
  command: 'check',
  positionals: ['FILE'],
  options: { app: { type: 'string' }, json: { type: 'boolean' } },
} as const

/** Actors between two lines of progress. */
const progressEvery = 25_600

export const check: Command = async (args, terminal) => {
  const parsed = parseArguments(spec, args)
  if (parsed === 'help') {
    terminal.stdout.write(help)
    return exit.ok
  }
  const { values, positionals } = parsed
  const [file] = positionals as [string]
  const recording = openRecording(file)
  const note = recording.app
  recording.close()
  const app = await appOf('check', values.app, file, note)
  const out = new Output(terminal)
  const abort = new AbortController()
  const cancel = (): void =>
    abort.abort(new TroupeError('CANCELLED', 'check was interrupted; nothing was written'))
  terminal.on?.('SIGINT', cancel)
  try {
    const report = await checkStore(file, app, {
      signal: abort.signal,
      progress: (done, total) => {
        if (done % progressEvery === 0) out.note(`${done} of ${total} actors`)
      },
    })
    if (values.json) out.json(report)
    else show(report, out)
    return report.ok ? exit.ok : exit.different
  } finally {
    terminal.off?.('SIGINT', cancel)
  }
}

function show(report: CheckReport, out: Output): void {
  const { position, actors, messages, timers, findings } = report
  for (const found of findings) {
    out.line(out.paint(found.isProblem ? 'red' : 'dim', titleOf(found)))
    out.line(`  ${plain(found.detail)}`)
    const more = found.count > found.examples.length ? ', ...' : ''
    out.line(`  ${found.examples.map(plain).join(', ')}${more}`)
  }
  const problems = findings.filter(({ isProblem }) => isProblem)
  const wrong = problems.reduce((sum, { count }) => sum + count, 0)
  const result = wrong === 0 ? 'all of it loads' : `${wrong} of them would not load`
  out.line(
    `${actors} actors, ${messages} waiting messages, ${timers} timers, to position ${position}: ${result}`,
  )
}

function titleOf({ kind, isProblem, type, of, name, version, count }: Finding): string {
  const what = name === undefined ? plain(type) : `${plain(type)}.${plain(name)}`
  const shape = version === undefined || version === 0 ? '' : ` of version ${version}`
  const things = count === 1 ? `1 ${of}` : `${count} ${of}s`
  return `${isProblem ? '' : 'note: '}${kind}: ${things} ${what}${shape}`
}
