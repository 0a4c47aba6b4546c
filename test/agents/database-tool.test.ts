/** Databases as tools: what a model may say, what it is told, and a query that never ends. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import BetterSqlite3 from 'better-sqlite3'
import { z } from 'zod'
import { scriptedModel } from '../../actors/agents/models/scripted.ts'
import type { Json } from '../../actors/agents/parts.ts'
import type { Database, QueryLimits } from '../../actors/agents/tools/database/database.ts'
import {
  type DatabaseToolOptions,
  databaseTool,
} from '../../actors/agents/tools/database/database-tool.ts'
import { sqliteDatabase } from '../../actors/agents/tools/database/sqlite-database.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import { code } from '../durable/support.ts'
import { endless, untilRead, untilWritable } from '../persistence/sqlite/select-support.ts'
import { done, supportAgent, told } from './agent-support.ts'

const queries = {
  orders_of: {
    description: 'The orders of a customer.',
    sql: 'SELECT id, price FROM orders WHERE customer = :customer AND paid = :paid ORDER BY id',
    parameters: z.object({ customer: z.string().max(30), paid: z.boolean().default(true) }),
  },
  count: { description: 'How many orders there are.', sql: 'SELECT count(*) AS n FROM orders' },
}

const shop = { name: 'shop', description: 'The orders of the shop.' }

/** A database that notes what it is asked, and answers with one row. */
function noting(readOnly: boolean) {
  const asked: { sql: string; parameters: object; limits: QueryLimits }[] = []
  const database: Database = {
    readOnly,
    query: async (sql, parameters, limits) => {
      asked.push({ sql, parameters, limits })
      return { columns: ['id'], rows: [[1]], truncated: 'rows' }
    },
  }
  return { asked, database }
}

/** What a model is told after one call. */
async function answered(t: TestContext, options: DatabaseToolOptions, ...inputs: Json[]) {
  const model = scriptedModel([
    { toolCalls: inputs.map((input) => ({ name: 'shop', input })) },
    'Done.',
  ])
  const { anna } = await supportAgent(t, model, {
    tools: [databaseTool(options)],
    clock: new VirtualClock(),
  })
  assert.equal(done(await anna.ask.say('Look it up.')), 'Done.')
  return told(model.requests[1] as never).slice(1 + inputs.length)
}

function ordersFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'orders-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'orders.db')
  const db = new BetterSqlite3(file)
  db.exec(`CREATE TABLE orders (id INTEGER, customer TEXT, price REAL, paid INTEGER);
    INSERT INTO orders VALUES (1, 'anna', 2.5, 1), (2, 'anna', 4, 0), (3, 'bob', 1, 1)`)
  db.close()
  return file
}

test('queries by name: their texts are the author’s, their parameters fit a schema', async (t) => {
  const { asked, database } = noting(false)
  const lines = await answered(
    t,
    { ...shop, database, queries, maxRows: 1 },
    { query: 'orders_of', parameters: { customer: "'; DROP TABLE orders; --" } },
    { query: 'count', parameters: {} },
    { query: 'orders_of', parameters: { customer: 7 } },
    { query: 'toString', parameters: {} },
    { query: 'count', sql: 'DROP TABLE orders' },
    { sql: 'DROP TABLE orders' },
  )
  assert.deepEqual(
    asked.map(({ sql, parameters }) => [sql, parameters]),
    [
      [queries.orders_of.sql, { customer: "'; DROP TABLE orders; --", paid: 1 }],
      [queries.count.sql, {}],
    ],
  )
  assert.match(lines[0] as string, /"rows":\[\[1\]\],"truncated":"There are more than the 1 rows/)
  assert.equal(lines.filter((line) => /PAYLOAD_INVALID/.test(line)).length, 4)
  assert.match(lines[3] as string, /one of: orders_of, count/)
})

test('a model is told the queries and the schema of each, in the order they were given', () => {
  const { spec, idempotent } = databaseTool({ ...shop, database: noting(false).database, queries })
  assert.equal(
    spec.description,
    'The orders of the shop.\nQueries:\n- orders_of: The orders of a customer.\n- count: How many orders there are.',
  )
  const { properties } = spec.inputSchema as { properties: { query: Json; parameters: Json } }
  assert.deepEqual(properties.query, { type: 'string', enum: ['orders_of', 'count'] })
  assert.equal((properties.parameters as { anyOf: Json[] }).anyOf.length, 2)
  assert.equal(idempotent({}), true)
})

test('a model writes SQL only for a database that refuses to write by itself', async (t) => {
  const loose = noting(false).database
  assert.throws(() => databaseTool({ ...shop, database: loose, sql: true }), code('OPTION_INVALID'))
  assert.throws(() => databaseTool({ ...shop, database: loose } as never), code('OPTION_INVALID'))
  assert.throws(
    () => databaseTool({ ...shop, database: loose, queries: {} }),
    code('OPTION_INVALID'),
  )
  const sql = 'SELECT 1'
  const late = await answered(t, { ...shop, database: () => loose, sql: true }, { sql })
  assert.match(late[0] as string, /OPTION_INVALID/)
  const { asked, database } = noting(true)
  const lines = await answered(
    t,
    { ...shop, database: () => database, sql: true },
    { sql: 'SELECT :a', parameters: { a: true } },
    { sql: 'x'.repeat(10_001) },
    { sql, parameters: { a: [1] } },
    { sql, limit: 1 },
  )
  assert.deepEqual(asked[0]?.parameters, { a: 1 })
  assert.equal(lines.filter((line) => /PAYLOAD_INVALID/.test(line)).length, 3)
})

test('D2: an agent asks a file, reads what it found, and learns why it was refused', async (t) => {
  const database = sqliteDatabase(ordersFile(t))
  const lines = await answered(
    t,
    { ...shop, database, sql: true },
    {
      sql: 'SELECT id FROM orders WHERE customer = :who ORDER BY id',
      parameters: { who: 'anna' },
    },
    { sql: 'DELETE FROM orders' },
  )
  assert.equal(lines[0], 'user has shop: {"columns":["id"],"rows":[[1],[2]]}')
  assert.match(lines[1] as string, /QUERY_INVALID.*near \\"DELETE\\": syntax error/)
})

test('an endless query is stopped at its timeout; meanwhile its thread serves others', async (t) => {
  const file = ordersFile(t)
  const clock = new VirtualClock()
  const sql = `${endless} SELECT count(*) FROM c, orders`
  const model = scriptedModel([{ toolCalls: [{ name: 'shop', input: { sql } }] }, 'I give up.'])
  const tools = [databaseTool({ ...shop, database: sqliteDatabase(file), sql: true })]
  const { anna } = await supportAgent(t, model, { tools, clock })
  const reply = anna.ask.say('Count to infinity.', { within: 600_000 })
  await untilRead(file)
  assert.equal((await anna.ask.status()).messages, 0)
  clock.advance(10_000)
  assert.equal(done(await reply), 'I give up.')
  assert.match(told(model.requests[1] as never).at(-1) as string, /TOOL_TIMEOUT/)
  untilWritable(file)
})

test('a database of a file checks its options, and opens nothing before it is asked', () => {
  assert.throws(() => sqliteDatabase(''), code('OPTION_INVALID'))
  assert.throws(() => sqliteDatabase('x.db', { memory: 1 }), code('OPTION_INVALID'))
  assert.throws(() => sqliteDatabase('x.db', { threads: 1 } as never), code('OPTION_INVALID'))
  assert.equal(sqliteDatabase('/nowhere/x.db').readOnly, true)
})
