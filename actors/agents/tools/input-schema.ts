/** The JSON Schema that a model is told, from the schema that checks what it says. */
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'
import { TroupeError } from '../../../mailbox/errors.ts'
import type { Json } from '../parts.ts'

type JsonSchema = { readonly [key: string]: Json }

/**
 * @param given the author's own, which wins
 * @throws CONTRACT_INVALID when there is none, or it is not that of an object
 */
export function inputSchemaOf(
  what: string,
  schema: StandardSchemaV1,
  given: JsonSchema | undefined,
): JsonSchema {
  const found = given ?? jsonSchemaOf(what, schema)
  if (found['type'] === 'object') return found
  throw invalid(
    what,
    `its input is an object, for a model gives no other; got ${JSON.stringify(found['type'])}`,
  )
}

/**
 * The JSON Schema of what a schema takes.
 * @throws CONTRACT_INVALID when its library does not give one
 */
export function jsonSchemaOf(what: string, schema: StandardSchemaV1): JsonSchema {
  const standard: Partial<StandardJSONSchemaV1.Props> = schema['~standard']
  const converter = standard.jsonSchema
  if (converter === undefined) {
    throw invalid(
      what,
      'its schema gives no JSON Schema (Standard JSON Schema: zod from 4.2, valibot through @valibot/to-json-schema); say it yourself with "inputSchema"',
    )
  }
  try {
    // What says which draft it is tells a model nothing.
    const { $schema: _, ...told } = converter.input({ target: 'draft-2020-12' })
    return told as JsonSchema
  } catch (cause) {
    throw new TroupeError('CONTRACT_INVALID', `${what}: its schema has no JSON Schema`, { cause })
  }
}

const invalid = (what: string, why: string): TroupeError =>
  new TroupeError('CONTRACT_INVALID', `${what}: ${why}`)
