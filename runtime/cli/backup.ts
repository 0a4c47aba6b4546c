/** `troupe backup FILE DIR`: copies a store to a folder of backups, beside whoever writes it. */
import { type Manifest, takeBackup } from '../../persistence/backup/index.ts'
import { cancellable, parseBackupArguments, size, workOptions } from './backup-options.ts'
import { type Command, exit } from './command.ts'

const command = { name: 'backup', places: ['FILE', 'DIR'], options: [] }

const help = `usage: troupe backup FILE DIR [options]

Copies the store FILE into the folder DIR, also while a system writes it, and notes what every actor
folds to. Everything acknowledged before the command is in it.

  --json  the manifest as JSON

Exit code 0: done; 1: failed, or the store itself has damage, which the backup then has too.
`

export const backup: Command = async (args, terminal) => {
  const given = parseBackupArguments(command, args)
  if (given === 'help') {
    terminal.stdout.write(help)
    return exit.ok
  }
  const [file = '', folder = ''] = given.places
  const manifest = await cancellable(terminal, (abort) =>
    takeBackup(file, folder, workOptions(terminal, abort)),
  )
  terminal.stdout.write(given.json ? `${JSON.stringify(manifest)}\n` : told(manifest))
  for (const problem of manifest.problems) terminal.stderr.write(`! ${problem}\n`)
  return manifest.problems.length === 0 ? exit.ok : exit.failed
}

function told({ name, position, counts, files }: Manifest): string {
  return `${name}: ${position} records, ${counts.actors} actors, ${counts.pending} pending, ${counts.timers} timers, ${size(files.store.bytes)}\n`
}
