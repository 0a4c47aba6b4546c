/** `troupe diff A B`: where two histories part, and what came of it. */
import { type Comparison, compareHistories, isSame } from '../../persistence/replay/comparison.ts'
import { recordToJson } from '../../persistence/replay/record-view.ts'
import { toJson } from '../../persistence/replay/recorded-value.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import { parseArguments } from './arguments.ts'
import { type Command, exit } from './command.ts'
import { Output, plain, shortened } from './output.ts'
import { damageLine, recordLines, valueWidth } from './show-record.ts'
import { differenceLine, differenceToJson } from './show-value.ts'

const help = `usage: troupe diff A B [options]

Compares two stores: the first record that differs, then states, messages, steps, what calls
of models used, and durations. When something was said is no difference. Both files may be in use.

  --archive DIR    A with the files that retention has put there (\`createSystem({ archive })\`)
  --archive-b DIR  the same for B
  --full           values in full, however long
  --json           the answer as one JSON value

Exit code 0 when they say the same, 3 when they differ, 1 when something could not be read, 2 for a
mistake in the arguments.
`

const spec = {
  command: 'diff',
  positionals: ['A', 'B'],
  options: {
    archive: { type: 'string' },
    'archive-b': { type: 'string' },
    full: { type: 'boolean' },
    json: { type: 'boolean' },
  },
} as const

export const diff: Command = async (args, terminal) => {
  const parsed = parseArguments(spec, args)
  if (parsed === 'help') {
    terminal.stdout.write(help)
    return exit.ok
  }
  const { values, positionals } = parsed
  const a = openRecording(positionals[0] as string, { archive: values.archive })
  try {
    const b = openRecording(positionals[1] as string, { archive: values['archive-b'] })
    try {
      const found = compareHistories(a.reader, b.reader)
      const out = new Output(terminal)
      if (values.json) out.json(comparisonToJson(found))
      else show(found, out, values.full ? Number.POSITIVE_INFINITY : valueWidth)
      if (found.damages.length > 0) return exit.failed
      return isSame(found) ? exit.ok : exit.different
    } finally {
      b.close()
    }
  } finally {
    a.close()
  }
}

function show(found: Comparison, out: Output, width: number): void {
  const { damages, first, states, messages, steps, usage, durations } = found
  for (const { side, damage } of damages) out.line(`${side}  ${damageLine(damage, out)}`)
  if (isSame(found)) out.line('no difference')
  if (first !== undefined) showFirst(first, out, width)
  heading('states', states.length, out)
  for (const { actor, in: where, differences } of states) {
    out.line(`${plain(actor)}${where === 'both' ? '' : `  only in ${where}`}`)
    for (const one of differences)
      for (const line of differenceLine(one, out, width)) out.line(`  ${line}`)
  }
  heading('messages', messages.length, out)
  for (const { what, a, b } of messages) out.line(`${plain(what)}  ${a} > ${b}`)
  heading('steps', steps.length, out)
  for (const { actor, turn, step, ...sides } of steps) {
    out.line(`${plain(actor)}  message ${turn} with steps  ${plain(step)}`)
    if ('a' in sides) out.line(`  ${out.paint('red', `- ${brief(sides.a, width)}`)}`)
    if ('b' in sides) out.line(`  ${out.paint('green', `+ ${brief(sides.b, width)}`)}`)
  }
  heading('usage of steps', usage.length, out)
  for (const { what, a, b } of usage) {
    const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
    const counts = names.map((name) => `${plain(name)} ${a[name] ?? 0} > ${b[name] ?? 0}`)
    out.line(`${plain(what)}  ${counts.join(', ')}`)
  }
  heading('durations of turns, median', durations.length, out)
  for (const { what, a, b } of durations) {
    out.line(`${plain(what)}  ${a.median} ms of ${a.turns} > ${b.median} ms of ${b.turns}`)
  }
}

function showFirst(first: NonNullable<Comparison['first']>, out: Output, width: number): void {
  const { position, a, b, differences } = first
  out.line(out.paint('bold', `first difference at record ${position}`))
  for (const [side, view] of [
    ['a', a],
    ['b', b],
  ] as const) {
    if (view === undefined) out.line(`${side}  ends before it`)
    else for (const line of recordLines(view, out, { width })) out.line(`${side}${line}`)
  }
  for (const one of differences)
    for (const line of differenceLine(one, out, width)) out.line(`  ${line}`)
}

function heading(what: string, count: number, out: Output): void {
  if (count > 0) out.line(out.paint('bold', what))
}

function brief(value: unknown, width: number): string {
  const json = JSON.stringify(value) ?? 'nothing'
  return shortened(plain(json), width, Buffer.byteLength(json))
}

function comparisonToJson(found: Comparison): object {
  const { first, states, ...rest } = found
  return {
    same: isSame(found),
    ...(first && {
      first: {
        position: first.position,
        ...(first.a && { a: recordToJson(first.a) }),
        ...(first.b && { b: recordToJson(first.b) }),
        differences: first.differences.map(differenceToJson),
      },
    }),
    states: states.map(({ differences, ...state }) => ({
      ...state,
      differences: differences.map(differenceToJson),
    })),
    ...(toJson(rest) as object),
  }
}
