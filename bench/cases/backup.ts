/**
 * A backup and its verification, everything folded twice each time, beside reading the same file once
 * and hashing it: 60 MB of records over 10,000 actors, and 1 GB over 40,000 (4 MB with --quick).
 */
import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sumOf } from '../../persistence/backup/files.ts'
import { takeBackup, verifyBackup } from '../../persistence/backup/index.ts'
import { AccountTurns } from '../accounts-store.ts'
import type { BenchCase, Prepared } from '../bench-case.ts'

const mega = 1_000_000

/** A store of so many actors, each with so many turns of so many bytes. */
interface Size {
  readonly actors: number
  readonly rounds: number
  readonly bytes: number
}
const quickSize: Size = { actors: 1_000, rounds: 1, bytes: 4_000 }

export const backup = backupCase('backup', '10,000 actors', 7, {
  actors: 10_000,
  rounds: 4,
  bytes: 1_500,
})

export const backupLarge = backupCase('backup-large', '1 GB, 40,000 actors', 1, {
  actors: 40_000,
  rounds: 6,
  bytes: 4_000,
})

function backupCase(name: string, of: string, rounds: number, size: Size): BenchCase {
  return {
    name,
    what: `backup and verification of a store of ${of}`,
    unit: 'MB/s',
    better: 'higher',
    rounds,
    prepare: (quick) => prepared(quick ? quickSize : size),
  }
}

function prepared({ actors, rounds, bytes }: Size): Prepared {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'))
  const file = join(folder, 'a.db')
  const turns = new AccountTurns(file)
  for (let i = 0; i < rounds; i += 1) turns.write(actors, bytes)
  turns.store.close()
  const size = statSync(file).size / mega
  return {
    ours: {
      name: 'backup and verify',
      async round() {
        const backups = join(folder, 'backups')
        const start = performance.now()
        const { name, position } = await takeBackup(file, backups)
        const { ok, manifest } = await verifyBackup(backups, name)
        const seconds = (performance.now() - start) / 1_000
        rmSync(backups, { recursive: true })
        if (!ok || manifest?.counts.records !== position) throw new Error('the backup is not good')
        return size / seconds
      },
    },
    bounds: [
      {
        name: 'copy and SHA-256',
        async round() {
          const start = performance.now()
          copyFileSync(file, join(folder, 'copy'))
          await sumOf(join(folder, 'copy'))
          return size / ((performance.now() - start) / 1_000)
        },
      },
    ],
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}
