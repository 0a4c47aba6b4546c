/** SQL that a model wrote, with values of its own. */
import { fieldsOf, notFit } from '../checked-by.ts'
import type { QueryParameters } from './database.ts'

/** What a model wrote, for a tool with `sql: true`. */
export interface SqlCall {
  readonly sql: string
  readonly parameters: QueryParameters
}

/** What a model is told. */
export const sqlSchema = {
  type: 'object',
  properties: {
    sql: { type: 'string', description: 'One SELECT; parameters as :name.', maxLength: 10_000 },
    parameters: {
      type: 'object',
      additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
    },
  },
  required: ['sql'],
  additionalProperties: false,
} as const

/** @throws PAYLOAD_INVALID */
export function sqlCall(said: unknown): SqlCall {
  const { sql, parameters = {} } = fieldsOf(said, ['sql', 'parameters'])
  if (typeof sql !== 'string' || sql.length > 10_000) {
    throw notFit('"sql" is a text of at most 10,000 characters')
  }
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters)) {
    throw notFit('"parameters" is an object')
  }
  const values = Object.entries(parameters).map(([name, value]) => [name, scalar(name, value)])
  return { sql, parameters: Object.fromEntries(values) }
}

function scalar(name: string, value: unknown): string | number | null {
  if (typeof value === 'boolean') return Number(value)
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value
  throw notFit(`parameter "${name}" is a text, a number, true, false or null`)
}
