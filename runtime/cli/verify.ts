/** `troupe verify DIR`: proves backups by reading them. */
import { type Verdict, verifyBackup, verifyBackups } from '../../persistence/backup/index.ts'
import { cancellable, parseBackupArguments, workOptions } from './backup-options.ts'
import { type Command, exit, type Terminal } from './command.ts'

const command = { name: 'verify', places: ['DIR'], options: ['backup'] }

const help = `usage: troupe verify DIR [options]

Verifies every finished backup in DIR, newest first: its files are the bytes that were written, every
record passes its checksum, every actor folds to the state that was noted.

  --backup NAME  only this one
  --json         one verdict a line

Exit code 0: all are good; 1: one is not, or there is none.
`

export const verify: Command = async (args, terminal) => {
  const given = parseBackupArguments(command, args)
  if (given === 'help') {
    terminal.stdout.write(help)
    return exit.ok
  }
  const [folder = ''] = given.places
  const { backup } = given.options
  let good = true
  await cancellable(terminal, async (abort) => {
    const options = workOptions(terminal, abort)
    const verdicts =
      backup === undefined
        ? verifyBackups(folder, options)
        : [await verifyBackup(folder, backup, options)]
    for await (const verdict of verdicts) {
      good &&= verdict.ok
      show(verdict, given.json, terminal)
    }
  })
  return good ? exit.ok : exit.failed
}

function show({ name, ok, manifest, problems }: Verdict, json: boolean, terminal: Terminal): void {
  if (json) {
    terminal.stdout.write(`${JSON.stringify({ name, ok, problems, counts: manifest?.counts })}\n`)
    return
  }
  const counts = manifest && `, ${manifest.position} records, ${manifest.counts.actors} actors`
  terminal.stdout.write(`${name}: ${ok ? 'good' : 'BAD'}${counts ?? ''}\n`)
  for (const problem of problems) terminal.stdout.write(`  ! ${problem}\n`)
}
