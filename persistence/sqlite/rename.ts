/**
 * Renames a type of actors in a store file: texts that begin with the old one begin with the new one,
 * under the same numbers (D9). In bounded pieces, within the caller's transaction.
 *
 * Each returns texts that are there with either beginning, a few of them; then it changed nothing.
 */
import { checksum } from './checksums.ts'
import type { Statement, Value } from './connection.ts'
import { rowChecksum } from './rows.ts'

/** Where statements come from. */
interface Statements {
  sql(text: string): Statement
}

/** Rows read at once. */
const atOnce = 1_000

/** @param from such as `konto/` */
export function renameAddresses(file: Statements, from: string, to: string): readonly string[] {
  const both = inBoth(file, 'actors', 'address', from, to)
  if (both.length > 0) return both
  const update = file.sql('UPDATE actors SET address = ?, checksum = ? WHERE no = ?')
  const columns = 'no, address, head, turn, bytes, snapshot_size, checksum'
  eachOf(file, 'actors', 'address', columns, from, (row) => {
    const [no = 0, , head = 0, turn = 0, bytes = 0, snapshotSize = 0, sum = 0] = row.map(Number)
    const found = { no, head, turn, bytes, snapshotSize }
    const address = to + String(row[1]).slice(from.length)
    // A row that was damaged stays known as damaged.
    const isGood = sum === rowChecksum(found, String(row[1]))
    update.run(address, isGood ? rowChecksum(found, address) : sum, no)
  })
  return []
}

/** The same for the names of topics. */
export function renameNames(file: Statements, from: string, to: string): readonly string[] {
  const both = inBoth(file, 'names', 'text', from, to)
  if (both.length > 0) return both
  const update = file.sql('UPDATE names SET text = ?, checksum = ? WHERE no = ?')
  eachOf(file, 'names', 'text', 'no, text, checksum', from, ([no, old, sum]) => {
    const text = to + String(old).slice(from.length)
    const isGood = sum === checksum([Number(no)], String(old))
    update.run(text, isGood ? checksum([Number(no)], text) : Number(sum), Number(no))
  })
  return []
}

function inBoth(
  file: Statements,
  table: string,
  column: string,
  from: string,
  to: string,
): readonly string[] {
  const query = file.sql(
    `SELECT present.${column} FROM ${table} old
      JOIN ${table} present ON present.${column} = ? || substr(old.${column}, ?)
      WHERE old.${column} >= ? AND old.${column} < ? LIMIT 3`,
  )
  return query.all(to, from.length + 1, from, after(from)).map(([text]) => String(text))
}

/** Rows leave the range as they are renamed. */
function eachOf(
  file: Statements,
  table: string,
  column: string,
  columns: string,
  from: string,
  act: (row: readonly Value[]) => void,
): void {
  const page = file.sql(
    `SELECT ${columns} FROM ${table} WHERE ${column} >= ? AND ${column} < ? LIMIT ${atOnce}`,
  )
  for (;;) {
    const rows = page.all(from, after(from))
    if (rows.length === 0) return
    for (const row of rows) act(row)
  }
}

/** The first text that does not begin so: types and topics are ASCII, and all end with a slash. */
function after(from: string): string {
  return `${from.slice(0, -1)}0`
}
