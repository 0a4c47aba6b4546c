/** What `troupe history` can be told: its options, and which of them go together. */
import type { LaneName } from '../../mailbox/lane.ts'
import type { HistoryFilter, RecordOutcome } from '../../persistence/replay/filter.ts'
import { aNumber, aTime, misuse, parseArguments } from './arguments.ts'

export const historyHelp = `usage: troupe history FILE [options]

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

/** Options as given. */
export type HistoryValues = Exclude<ReturnType<typeof parseHistory>, 'help'>['values']

export function parseHistory(args: readonly string[]) {
  return parseArguments(spec, args)
}

export function filterOf(values: HistoryValues): HistoryFilter {
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

/** Most records to show. */
export function limitOf({ limit }: HistoryValues): number {
  return limit === undefined ? Number.POSITIVE_INFINITY : numberOf('--limit', limit)
}

function numberOf(option: string, text: string): number {
  return aNumber('history', option, text, 1, Number.MAX_SAFE_INTEGER)
}

/** Answers of different shape do not mix. */
export function checkMode(values: HistoryValues): void {
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
