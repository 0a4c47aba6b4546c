/** `troupe restore DIR FILE`: makes a store of a backup, to its end, a position or a time. */
import { type Restored, restoreBackup } from '../../persistence/backup/index.ts'
import { misuse } from './arguments.ts'
import { cancellable, parseBackupArguments, workOptions } from './backup-options.ts'
import { type Command, exit } from './command.ts'

const command = { name: 'restore', places: ['DIR', 'FILE'], options: ['at', 'until', 'backup'] }

const help = `usage: troupe restore DIR FILE [options]

Makes the store FILE of the newest backup in DIR and checks that every actor folds. Overwrites nothing.

  --at N         only records up to position N, from the first backup that has it
  --until TIME   only what was committed until TIME, for example 2026-11-25T12:00:00Z, from the first
                 backup taken after it
  --backup NAME  from this backup
  --json         what was restored as JSON

Exit code 0: done; 1: failed, and there is no FILE.
`

export const restore: Command = async (args, terminal) => {
  const given = parseBackupArguments(command, args)
  if (given === 'help') {
    terminal.stdout.write(help)
    return exit.ok
  }
  const [folder = '', file = ''] = given.places
  const { at, until, backup } = given.options
  if (at !== undefined && until !== undefined) {
    throw misuse(command.name, 'expected --at or --until, got both')
  }
  const restored = await cancellable(terminal, (abort) =>
    restoreBackup(folder, file, {
      ...workOptions(terminal, abort),
      at: at === undefined ? undefined : aPosition(at),
      until: until === undefined ? undefined : aTime(until),
      backup,
    }),
  )
  terminal.stdout.write(given.json ? `${JSON.stringify(restored)}\n` : told(restored))
  for (const left of restored.leftovers) {
    terminal.stderr.write(`! ${left} is of a restore that did not end; remove it\n`)
  }
  for (const problem of restored.problems) terminal.stderr.write(`! ${problem}\n`)
  return exit.ok
}

function aPosition(text: string): number {
  if (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  throw misuse(
    command.name,
    `option "--at" must be a position, 1 or more, got ${JSON.stringify(text)}`,
  )
}

/** A date with a time and a zone: a guess at either would cut at the wrong place. */
const zoned = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/

function aTime(text: string): number {
  const time = zoned.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(time)) return time
  throw misuse(
    command.name,
    `option "--until" must be an ISO time with its zone, such as 2026-11-25T12:00:00Z, got ${JSON.stringify(text)}`,
  )
}

function told({ file, backup, position, counts }: Restored): string {
  return `${file}: ${position} records of ${backup}, ${counts.actors} actors, ${counts.pending} pending, ${counts.timers} timers\n`
}
