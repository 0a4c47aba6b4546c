/** Takes or restores a backup, says when it is in a phase, and then waits there to be killed. */
import { writeSync } from 'node:fs'
import { restoreBackup, takeBackup } from '../../persistence/backup/index.ts'

const [phase, what, from = '', to = ''] = process.argv.slice(2)

const options = {
  progress: (progress: { readonly phase: string }) => {
    if (progress.phase !== phase) return
    writeSync(1, `${phase}\n`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000)
  },
}
await (what === 'backup'
  ? takeBackup(from, to, options)
  : restoreBackup(from, to, { ...options, at: 20 }))
