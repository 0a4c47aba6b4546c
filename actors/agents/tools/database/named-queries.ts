/** The queries that a tool offers by name, as one schema for what a model says. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { TroupeError } from '../../../../mailbox/errors.ts'
import { anObject, aText, checkOptions } from '../../../../mailbox/options.ts'
import { validate } from '../../../cell/validation.ts'
import type { Json } from '../../parts.ts'
import { fieldsOf, notFit } from '../checked-by.ts'
import { inputSchemaOf } from '../input-schema.ts'
import type { QueryParameters } from './database.ts'

/** A query that a model may have run by its name. */
export interface NamedQuery {
  /** For the model: what it finds. */
  readonly description: string
  /** One statement, with its parameters by name: `SELECT ... WHERE customer = :customer`. */
  readonly sql: string
  /** Of an object with the parameters. What is no text, number, boolean or null goes in as JSON. */
  readonly parameters?: StandardSchemaV1
  /** The JSON Schema of `parameters`, where its library does not give one. */
  readonly parametersSchema?: { readonly [key: string]: Json }
}

/** What a model may have run, by name. */
export type NamedQueries = Readonly<Record<string, NamedQuery>>

/** What a model said, its parameters as their schema made them. */
export interface NamedCall {
  readonly query: string
  readonly parameters: QueryParameters
}

/** @throws OPTION_INVALID */
export function checkQueries(what: string, queries: NamedQueries): void {
  const named = Object.entries(queries)
  if (named.length === 0) throw option(`${what}: "queries" names no query`)
  for (const [name, query] of named) {
    checkOptions(`${what} query "${name}"`, query, queryChecks)
    if (query.description === undefined || query.sql === undefined) {
      throw option(`${what} query "${name}": needs "description", for the model, and "sql"`)
    }
  }
}

const queryChecks = {
  description: aText,
  sql: aText,
  parameters: anObject,
  parametersSchema: anObject,
}

/**
 * What a model is told about them.
 * @throws CONTRACT_INVALID when parameters have no JSON Schema of an object
 */
export function queriesSchema(
  what: string,
  queries: NamedQueries,
): { readonly [key: string]: Json } {
  const schemas = Object.entries(queries).map(([name, query]) => parametersOf(what, name, query))
  const parameters = schemas.length === 1 ? (schemas[0] as Json) : { anyOf: schemas }
  return {
    type: 'object',
    properties: { query: { type: 'string', enum: Object.keys(queries) }, parameters },
    required: ['query', 'parameters'],
    additionalProperties: false,
  }
}

function parametersOf(what: string, name: string, query: NamedQuery): Json {
  const { parameters, description } = query
  const schema =
    parameters === undefined
      ? { type: 'object', properties: {}, additionalProperties: false }
      : inputSchemaOf(`${what} query "${name}"`, parameters, query.parametersSchema)
  return { ...schema, description: `Of query "${name}": ${description}` }
}

/** @throws PAYLOAD_INVALID when there is no such query, or its parameters do not fit */
export async function namedCall(queries: NamedQueries, said: unknown): Promise<NamedCall> {
  const { query: name, parameters = {} } = fieldsOf(said, ['query', 'parameters'])
  const query = typeof name === 'string' && Object.hasOwn(queries, name) ? queries[name] : undefined
  if (query === undefined) {
    throw notFit(`"query" is one of: ${Object.keys(queries).join(', ')}`)
  }
  const what = `the parameters of query "${name}"`
  const checked = query.parameters ? await validate(what, query.parameters, parameters) : {}
  return { query: name as string, parameters: bound(checked as object) }
}

function bound(parameters: object): QueryParameters {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, boundValue(value)]),
  )
}

function boundValue(value: unknown): string | number | null {
  switch (typeof value) {
    case 'string':
    case 'number':
      return value
    case 'boolean':
      return Number(value)
    case 'bigint':
      return String(value)
    default:
      return value === null || value === undefined ? null : JSON.stringify(value)
  }
}

const option = (why: string): TroupeError => new TroupeError('OPTION_INVALID', why)
