/** What an orderly end leaves on the disk. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createSystem } from '../../runtime/index.ts'
import { withFolderAsync } from '../persistence/temp.ts'
import bank, { Account } from './bank.app.ts'

for (const workers of [0, 1]) {
  test(`S2: a closed store is one file that can be copied, with ${workers} workers`, async () => {
    await withFolderAsync(async (folder) => {
      const system = await createSystem(bank, { store: join(folder, 'bank.db'), workers })
      await system.ref(Account, 'alice').ask.deposit({ amount: 1 })
      await system.close()
      const left = readdirSync(folder).filter((name) => /-(?:wal|shm)$/.test(name))
      assert.deepEqual(left, [])
    })
  })
}
