/** `troupe rerun FILE`: recorded turns against today's code. */
import { parseAddress } from '../../mailbox/address.ts'
import { toJson } from '../../persistence/replay/recorded-value.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import type { Divergence } from '../replay/divergence.ts'
import type { OtherVersion } from '../replay/other-versions.ts'
import { type RerunReport, rerun as rerunTurns } from '../replay/rerun.ts'
import { appOf } from './app-module.ts'
import { aNumber, misuse, parseArguments } from './arguments.ts'
import { Breakpoint } from './breakpoint.ts'
import { type Command, exit } from './command.ts'
import { Output, plain } from './output.ts'
import { secretsHelp, secretsOf, secretsOptions } from './secrets-options.ts'
import { valueWidth } from './show-record.ts'
import { differenceLine } from './show-value.ts'

const help = `usage: troupe rerun FILE [TYPE/KEY] [options]

Runs recorded turns of durable actors, and of volatile ones recorded in full, again with today's code and
the recorded inputs, and tells for each actor the first turn that does something else. Turns recorded by
another version of their actor or message are counted and not run. Nothing live is reached: recorded calls
are answered from their records, and a call that is not recorded is a divergence. FILE may be in use.

  --app FILE     the app module, where it is not the one that wrote the store
  --all          all actors, which is what a missing TYPE/KEY means too
  --from N       first position
  --to N         last position
  --patience MS  how long to wait for a turn that waits for nothing recorded; default 1000
  --archive DIR  with the files that retention has put there (\`createSystem({ archive })\`)
  --json         the report as one JSON value
${secretsHelp}
  --inspect-brk        waits for a debugger and stops it in the handler of the first turn that is run
                       again: choose it with TYPE/KEY and --from
  --inspect-port N     port of the inspector, 0 for any; default 9229

Exit code 0 when every turn does what it did, 3 when one does not, 2 for a mistake in the arguments.
`

const spec = {
  command: 'rerun',
  positionals: ['FILE', 'TYPE/KEY?'],
  options: {
    app: { type: 'string' },
    all: { type: 'boolean' },
    from: { type: 'string' },
    to: { type: 'string' },
    patience: { type: 'string' },
    archive: { type: 'string' },
    json: { type: 'boolean' },
    ...secretsOptions,
    'inspect-brk': { type: 'boolean' },
    'inspect-port': { type: 'string' },
  },
} as const

/** Turns between two lines of progress. */
const progressEvery = 10_000

export const rerun: Command = async (args, terminal) => {
  const parsed = parseArguments(spec, args)
  if (parsed === 'help') {
    terminal.stdout.write(help)
    return exit.ok
  }
  const { values, positionals } = parsed
  const [file, actor] = positionals as [string, string | undefined]
  if (actor !== undefined && values.all)
    throw misuse('rerun', '--all and an actor exclude each other')
  if (actor !== undefined) parseAddress(actor)
  const secrets = secretsOf('rerun', values, terminal.env ?? {})
  const port = inspectPort(values)
  const out = new Output(terminal)
  const recording = openRecording(file, values)
  let breakpoint: Breakpoint | undefined
  try {
    const app = await appOf('rerun', values.app, file, recording.app)
    if (port !== undefined) breakpoint = new Breakpoint(port)
    let turns = 0
    const report = await rerunTurns(recording.reader, app, {
      ...(actor !== undefined && { actor }),
      ...(secrets !== undefined && { secrets }),
      ...numbers(values),
      ...(breakpoint && {
        beforeHandler: (handler) => breakpoint?.at(handler),
        patience: longestPatience,
      }),
      onTurn: (position) => {
        turns += 1
        if (turns % progressEvery === 0) out.note(`${turns} turns, position ${position}`)
      },
    })
    if (values.json) out.json(reportToJson(report))
    else show(report, out)
    return report.divergences.length === 0 ? exit.ok : exit.different
  } finally {
    breakpoint?.end()
    recording.close()
  }
}

/** @returns undefined without a debugger */
function inspectPort(values: {
  readonly 'inspect-brk'?: boolean
  readonly 'inspect-port'?: string
}): number | undefined {
  const { 'inspect-brk': isWanted, 'inspect-port': port } = values
  if (isWanted) return aNumber('rerun', '--inspect-port', port ?? '9229', 0, 65_535)
  if (port !== undefined) throw misuse('rerun', '--inspect-port is for --inspect-brk')
  return undefined
}

/** Who is at a breakpoint has time. */
const longestPatience = 2 ** 31 - 1

type Numbers = Partial<Record<'from' | 'to' | 'patience', number>>

function numbers(values: Partial<Record<keyof Numbers, string>>): Numbers {
  const names = ['from', 'to', 'patience'] as const
  const given = names.flatMap((name) => {
    const text = values[name]
    return text === undefined
      ? []
      : [[name, aNumber('rerun', name, text, 0, Number.MAX_SAFE_INTEGER)]]
  })
  return Object.fromEntries(given) as Numbers
}

function show(
  { turns, actors, divergences, otherVersions, unstarted }: RerunReport,
  out: Output,
): void {
  for (const one of divergences) {
    out.line(out.paint('bold', `${plain(one.actor)}  ${titleOf(one)}`))
    for (const line of linesOf(one, out)) out.line(`  ${line}`)
  }
  const result =
    divergences.length === 0
      ? 'all do what they did'
      : `${divergences.length} ${divergences.length === 1 ? 'actor does' : 'actors do'} something else`
  out.line(`${turns} turns of ${actors} ${actors === 1 ? 'actor' : 'actors'} run again: ${result}`)
  for (const other of otherVersions) out.line(otherLine(other))
  for (const actor of unstarted) {
    out.line(`${plain(actor)}  not run: its start is not in the history`)
  }
}

function otherLine({ type, message, recorded, present, turns }: OtherVersion): string {
  const what = message === undefined ? plain(type) : `${plain(type)}.${plain(message)}`
  return `${turns} turns not run again: ${what} was at version ${recorded} then, the code has ${present}`
}

function titleOf({ turn, name, position }: Divergence): string {
  return `turn ${turn}, ${name === '' ? 'its start' : plain(name)}, position ${position}`
}

function linesOf({ cause }: Divergence, out: Output): string[] {
  switch (cause.kind) {
    case 'difference': {
      const { what, path, recorded, rerun: now } = cause
      const place = path === '' ? what : `${what}: ${path}`
      const sides = {
        path: place,
        ...(recorded && { before: recorded }),
        ...(now && { after: now }),
      }
      return differenceLine(sides, out, valueWidth)
    }
    case 'threw':
      return [`throws now: ${plain(String(cause.error))}`]
    case 'new-step':
      return [`makes a call that is not recorded: ${plain(cause.name)}`]
    case 'missing-step':
      return ['does not make a call that is recorded']
    case 'needs-key':
      return [plain(cause.error.message), 'give it with --secrets-env or --secrets-file']
    case 'waits':
      return ['waits for something that is no step: only ctx.effect and asks can be run again']
    case 'no-definition':
      return ['its type is not in the app']
    case 'damaged':
      return [plain(cause.damage.detail)]
    default:
      return cause satisfies never
  }
}

function reportToJson({ divergences, ...report }: RerunReport): object {
  return { ...report, divergences: divergences.map(divergenceToJson) }
}

function divergenceToJson({ cause, ...where }: Divergence): object {
  if (cause.kind === 'threw' || cause.kind === 'needs-key')
    return { ...where, cause: { ...cause, error: String(cause.error) } }
  if (cause.kind !== 'difference') return { ...where, cause }
  const { recorded, rerun: now, ...rest } = cause
  return {
    ...where,
    cause: {
      ...rest,
      ...(recorded && { recorded: toJson(recorded.value) }),
      ...(now && { rerun: toJson(now.value) }),
    },
  }
}
