/** A function as a schema: for tools whose input is checked by their own rules. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { TroupeError } from '../../../mailbox/errors.ts'

/** @param check returns the input as its tool takes it; a TroupeError says what is wrong with it */
export function checkedBy<T>(
  check: (value: unknown) => T | Promise<T>,
): StandardSchemaV1<unknown, T> {
  return {
    '~standard': {
      version: 1,
      vendor: 'troupe',
      validate: async (value) => {
        try {
          return { value: await check(value) }
        } catch (error) {
          if (!(error instanceof TroupeError)) throw error
          return { issues: [{ message: error.message }] }
        }
      },
    },
  }
}

/** The fields of what a model wrote. @throws PAYLOAD_INVALID when it is no object, or has other fields */
export function fieldsOf<K extends string>(
  value: unknown,
  known: readonly K[],
): Partial<Record<K, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw notFit('it is an object')
  }
  const unknown = Object.keys(value).find((name) => !(known as readonly string[]).includes(name))
  if (unknown === undefined) return value
  throw notFit(`there is no "${unknown.slice(0, 64)}"; there are ${known.join(', ')}`)
}

/** What a model is told about its input. */
export const notFit = (why: string): TroupeError => new TroupeError('PAYLOAD_INVALID', why)
