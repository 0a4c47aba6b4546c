/** `troupe prune DIR --keep N`: removes old backups. */
import { type Pruned, pruneBackups } from '../../persistence/backup/index.ts'
import { misuse } from './arguments.ts'
import { cancellable, parseBackupArguments, workOptions } from './backup-options.ts'
import { type Command, exit } from './command.ts'

const command = { name: 'prune', places: ['DIR'], options: ['keep'] }

const help = `usage: troupe prune DIR --keep N [options]

Verifies the backups in DIR, newest first, until N are good, and removes what is older than those. With
fewer good ones nothing is removed.

  --keep N  good backups to keep, 1 or more
  --json    what was kept and removed as JSON

Exit code 0: N good ones are there; 1: fewer are.
`

export const prune: Command = async (args, terminal) => {
  const given = parseBackupArguments(command, args)
  if (given === 'help') {
    terminal.stdout.write(help)
    return exit.ok
  }
  const [folder = ''] = given.places
  const keep = aCount(given.options['keep'])
  const pruned = await cancellable(terminal, (abort) =>
    pruneBackups(folder, keep, workOptions(terminal, abort)),
  )
  terminal.stdout.write(given.json ? `${JSON.stringify(pruned)}\n` : told(pruned))
  return pruned.kept.length === keep ? exit.ok : exit.failed
}

function aCount(text: string | undefined): number {
  if (text !== undefined && /^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw misuse(command.name, `option "--keep" must be a number of 1 or more, got ${text ?? 'none'}`)
}

function told({ kept, bad, removed }: Pruned): string {
  const lines = [
    ...kept.map((name) => `kept     ${name}`),
    ...bad.map((name) => `BAD      ${name}`),
    ...removed.map((name) => `removed  ${name}`),
  ]
  return lines.length === 0 ? 'no finished backup\n' : `${lines.join('\n')}\n`
}
