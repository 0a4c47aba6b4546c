/**
 * An export imported into a new store file. The file appears under its name when all of it is there,
 * and never in place of another.
 */
import { createReadStream, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { TroupeError } from '../../mailbox/errors.ts'
import { publish } from '../backup/files.ts'
import { openSqliteStore } from '../sqlite/sqlite-store.ts'
import { refuseExisting } from './fork.ts'
import { importHistory } from './import.ts'

/** What may lie beside a store. */
const besideStore = Object.freeze(['-wal', '-shm', '-lock', '-tail'])

/** @throws STORE_EXISTS when `target` is there; STORE_CORRUPT for a bad line */
export async function importFile(source: string, target: string): Promise<number> {
  const file = resolve(target)
  refuseExisting(file)
  const partial = `${file}.importing-${process.pid}`
  const input = createReadStream(source, 'utf8')
  // An error of the file must end the reading, which readline alone would not.
  const failed = new Promise<never>((_, reject) => input.once('error', reject))
  failed.catch(() => undefined)
  try {
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
    const position = await Promise.race([
      importHistory(lines, {
        open: (now) => openSqliteStore(partial, { now, durability: 'relaxed' }),
      }),
      failed,
    ])
    publish(partial, file)
    return position
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'EISDIR') throw error
    throw new TroupeError('OPTION_INVALID', `${source} is no file; expected an export`, {
      cause: error,
    })
  } finally {
    input.destroy()
    for (const suffix of ['', ...besideStore]) rmSync(partial + suffix, { force: true })
  }
}
