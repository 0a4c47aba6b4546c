/**
 * A backup and its verification, everything folded twice each time, beside reading the same file once
 * and hashing it: 60 MB of records over 10,000 actors (4 MB with --quick).
 */
import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sumOf } from '../../persistence/backup/files.ts'
import { takeBackup, verifyBackup } from '../../persistence/backup/index.ts'
import { AccountTurns } from '../accounts-store.ts'
import type { BenchCase } from '../bench-case.ts'

const actors = 10_000
const mega = 1_000_000

export const backup: BenchCase = {
  name: 'backup',
  what: 'backup and verification of a store of 10,000 actors',
  unit: 'MB/s',
  better: 'higher',
  prepare(quick) {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'))
    const file = join(folder, 'a.db')
    const turns = new AccountTurns(file)
    const rounds = quick ? 1 : 4
    for (let i = 0; i < rounds; i += 1)
      turns.write(quick ? actors / 10 : actors, quick ? 4_000 : 1_500)
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
          if (!ok || manifest?.counts.records !== position)
            throw new Error('the backup is not good')
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
  },
}
