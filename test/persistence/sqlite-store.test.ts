import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import { storeContract } from './store-contract.ts'

storeContract({
  name: 'sqlite',
  open(options) {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-store-'))
    const file = join(folder, 'test.db')
    const under = {
      store: openSqliteStore(file, options),
      again() {
        under.store.close()
        under.store = openSqliteStore(file, options)
        return under.store
      },
      dispose() {
        under.store.close()
        rmSync(folder, { recursive: true })
      },
    }
    return under
  },
})
