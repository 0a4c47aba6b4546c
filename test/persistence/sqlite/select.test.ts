/** SELECTs over a file that is only read: what SQLite refuses, what limits end, what a process of its own is for. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import Database from 'better-sqlite3'
import { openToRead, type SelectQuery, selectFrom } from '../../../persistence/sqlite/select.ts'
import { SelectRunner } from '../../../persistence/sqlite/select-runner.ts'
import { code } from '../../durable/support.ts'
import { endless, untilRead, untilWritable } from './select-support.ts'

/** A file with three orders, in a folder of its own. */
function shop(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'select-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'shop.db')
  const db = new Database(file)
  db.exec(`CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, price REAL);
    INSERT INTO orders VALUES (1, 'anna', 2.5), (2, 'bob', 9e999), (3, 'O''Brien', NULL);
    CREATE TABLE "pragma" (x)`)
  db.close()
  return file
}

const query = (sql: string, more: Partial<SelectQuery> = {}): SelectQuery => ({
  sql,
  parameters: {},
  maxRows: 100,
  maxBytes: 10_000,
  ...more,
})

const runnerOf = (file: string, memory = 512 * 2 ** 20): SelectRunner =>
  new SelectRunner(file, { processes: 1, waiting: 1, memory })

const idle = (): AbortSignal => new AbortController().signal

test('a query that reads is answered, values as JSON has them', (t) => {
  const file = shop(t)
  const found = selectFrom(file, query('SELECT * FROM orders ORDER BY id DESC;'))
  assert.deepEqual(found, {
    columns: ['id', 'customer', 'price'],
    rows: [
      [3, "O'Brien", null],
      [2, 'bob', 'Infinity'],
      [1, 'anna', 2.5],
    ],
  })
  const wide = selectFrom(file, query(`SELECT 9007199254740993 AS big, x'00ff' AS bytes -- !`))
  assert.deepEqual(wide.rows, [['9007199254740993', { base64: 'AP8=' }]])
  assert.equal(selectFrom(file, query('VALUES (1), (2)')).rows.length, 2)
  assert.equal(selectFrom(file, query('WITH n AS (SELECT 1) SELECT * FROM n')).rows.length, 1)
  const columns = selectFrom(file, query(`SELECT name FROM pragma_table_info('orders')`)).rows
  assert.deepEqual(columns, [['id'], ['customer'], ['price']])
})

test('values go in as parameters, and what looks like SQL in them is no SQL', (t) => {
  const file = shop(t)
  const sql = 'SELECT id FROM orders WHERE customer = :customer'
  const of = (customer: string) => selectFrom(file, query(sql, { parameters: { customer } })).rows
  assert.deepEqual(of("O'Brien"), [[3]])
  assert.deepEqual(of("x' OR 1=1 --"), [])
  assert.throws(() => selectFrom(file, query(sql)), code('QUERY_INVALID'))
})

test('whatever is not one SELECT is refused by SQLite, and the file stays as it was', (t) => {
  const file = shop(t)
  const before = readFileSync(file)
  const hostile = [
    '',
    ';',
    'SELECT 1; SELECT 2',
    'SELECT 1; DROP TABLE orders',
    'SELECT 1); DROP TABLE orders; --',
    'SELECT 1\0; DROP TABLE orders',
    'INSERT INTO orders VALUES (4, NULL, NULL)',
    'INSERT INTO orders VALUES (4, NULL, NULL) RETURNING id',
    'WITH n AS (SELECT 1) DELETE FROM orders RETURNING id',
    'UPDATE orders SET price = 0',
    'REPLACE INTO orders VALUES (1, NULL, NULL)',
    'DELETE FROM orders',
    'DROP TABLE orders',
    'CREATE TABLE more (x)',
    'CREATE TEMP TABLE more (x)',
    'BEGIN IMMEDIATE',
    'PRAGMA query_only = 0',
    'PRAGMA journal_mode = DELETE',
    'PRAGMA writable_schema = 1',
    `ATTACH '${file}' AS other`,
    `ATTACH DATABASE '/etc/passwd' AS other`,
    `VACUUM INTO '${file}.copy'`,
    'REINDEX',
    'ANALYZE',
    'EXPLAIN SELECT 1',
    `SELECT load_extension('x')`,
    `SELECT writefile('x', 'y')`,
    `SELECT readfile('/etc/passwd')`,
    `SELECT * FROM sqlite_dbpage`,
    'SELECT 1 /* never closed',
    'SELECT * FROM nowhere',
    'SELECT ?',
  ]
  for (const sql of hostile) {
    assert.throws(() => selectFrom(file, query(sql)), code('QUERY_INVALID'), sql)
  }
  assert.deepEqual(readFileSync(file), before)
})

test('the connection itself cannot write, whatever statement reaches it', (t) => {
  const db = openToRead(shop(t))
  t.after(() => db.close())
  assert.equal(db.pragma('query_only', { simple: true }), 1)
  db.pragma('query_only = 0')
  assert.throws(() => db.exec('DELETE FROM orders'), { code: 'SQLITE_READONLY' })
})

test('a word that is a command elsewhere is a table here, and where the file is stays unknown', (t) => {
  const file = shop(t)
  // `SELECT * FROM (PRAGMA query_only)` reads the table "pragma" under another name.
  assert.deepEqual(selectFrom(file, query('PRAGMA query_only')).rows, [])
  assert.deepEqual(selectFrom(file, query('SELECT * FROM pragma_database_list')).rows, [])
})

test('a query ends at its limit of rows and at that of bytes, and says at which', (t) => {
  const file = shop(t)
  const two = selectFrom(file, query('SELECT id FROM orders', { maxRows: 2 }))
  assert.deepEqual([two.rows, two.truncated], [[[1], [2]], 'rows'])
  assert.equal(
    selectFrom(file, query('SELECT id FROM orders', { maxRows: 3 })).truncated,
    undefined,
  )
  // Endless, but for the limit.
  const few = selectFrom(file, query(`${endless} SELECT n, 'xxxxxxxx' FROM c`, { maxBytes: 100 }))
  assert.equal(few.truncated, 'bytes')
  assert.ok(Buffer.byteLength(JSON.stringify([few.columns, few.rows])) <= 104)
  const none = selectFrom(file, query(`SELECT hex(zeroblob(500))`, { maxBytes: 100 }))
  assert.deepEqual([none.rows, none.truncated], [[], 'bytes'])
})

test('what is no database is an error that says so, and nothing is made', (t) => {
  const file = shop(t)
  assert.throws(() => selectFrom(`${file}.none`, query('SELECT 1')), code('QUERY_FAILED'))
  assert.throws(() => selectFrom(import.meta.filename, query('SELECT 1')), code('QUERY_FAILED'))
  assert.throws(() => readFileSync(`${file}.none`), { code: 'ENOENT' })
})

test('an endless query is ended when it is given up: its process is gone, and the next one has its place', async (t) => {
  const file = shop(t)
  const runner = runnerOf(file)
  const caller = new AbortController()
  const counting = query(`${endless} SELECT count(*) FROM c, orders`)
  const run = runner.run(counting, caller.signal)
  run.catch(() => undefined)
  await untilRead(file)
  const waiting = new AbortController()
  const second = runner.run(query('SELECT 1'), waiting.signal)
  second.catch(() => undefined)
  await assert.rejects(runner.run(query('SELECT 1'), idle()), code('QUERY_FAILED'))
  waiting.abort(new Error('not so urgent'))
  await assert.rejects(second, /not so urgent/)
  const third = runner.run(query('SELECT count(*) FROM orders'), idle())
  caller.abort(new Error('enough'))
  await assert.rejects(run, /enough/)
  assert.deepEqual((await third).rows, [[3]])
  untilWritable(file)
  await assert.rejects(runner.run(counting, caller.signal), /enough/)
})

test('a query that takes too much memory is ended', async (t) => {
  const runner = runnerOf(shop(t), 160 * 2 ** 20)
  const sorting = query(`${endless} SELECT randomblob(2000) FROM c ORDER BY 1`)
  await assert.rejects(runner.run(sorting, idle()), (error: Error) => {
    assert.match(error.message, /more than 160 MiB of memory/)
    return code('QUERY_FAILED')(error)
  })
})

test('an endless query ends with the process that asked, however that one dies', async (t) => {
  const file = shop(t)
  const support = pathToFileURL(join(import.meta.dirname, 'select-support.ts')).href
  const program = `import { askForEver } from ${JSON.stringify(support)}; askForEver(${JSON.stringify(file)})`
  const asker = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: 'inherit',
  })
  t.after(() => asker.kill('SIGKILL'))
  await untilRead(file)
  asker.kill('SIGKILL')
  untilWritable(file)
})
