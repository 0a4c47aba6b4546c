/**
 * Commits and says so, line by line, for the test that watches its system calls. Arguments: the
 * store's file, the number of commits.
 */
import { writeSync } from 'node:fs'
import { openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import { Writer } from './frames.ts'

const [file = '', count = '0'] = process.argv.slice(2)
const store = openSqliteStore(file)
const writer = new Writer(store)
for (let i = 1; i <= Number(count); i += 1) {
  // Now and then more than a WAL checkpoint's worth, so that the main file is written too.
  writer.accept('account/a', 'x'.repeat(i % 10 === 0 ? 1_000_000 : 100))
  // Derived rows wait for no sync of their own; acknowledged ones after them still must.
  if (i % 7 === 0) {
    const state = new Uint8Array(5000)
    store.writeSnapshot({ actor: 'account/a', position: i - 1, turn: 0, version: 1, state }, 0)
  }
  const ack = writer.commit()
  writeSync(1, `ack ${ack.base}\n`)
}
store.close()
