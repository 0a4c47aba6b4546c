/**
 * Errors as data, for records and for other threads: code, message, fields, cause and stack survive,
 * the class becomes TroupeError or Error.
 */
import { type ErrorCode, errorCodes, TroupeError } from '../../mailbox/errors.ts'
import { assertEncodable } from '../../persistence/encodable.ts'

/** An error in encodable form. */
export interface ErrorData {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly code?: string
  readonly disposition?: string
  readonly fields?: unknown
  readonly cause?: ErrorData
}

/** How many causes are kept. */
const maxCauses = 8

export function encodeError(error: unknown): ErrorData {
  return encode(readable(error), 0)
}

/**
 * What was thrown, or an error in its place when reading it throws: a handler may throw anything, and
 * a hostile value must cost its own turn, not the thread.
 */
export function readable(thrown: unknown): unknown {
  try {
    encode(thrown, 0)
    return thrown
  } catch {
    return new TroupeError('ACTOR_FAILED', 'what was thrown cannot be looked at: reading it throws')
  }
}

function encode(error: unknown, depth: number): ErrorData {
  if (!(error instanceof Error)) return { name: 'NonError', message: text(error) }
  const cause = error.cause
  return {
    name: error.name,
    message: error.message,
    ...(error.stack !== undefined && { stack: error.stack }),
    ...codeOf(error),
    ...(cause !== undefined && depth < maxCauses && { cause: encode(cause, depth + 1) }),
  }
}

export function decodeError(data: unknown): Error {
  const { name, message, stack, code, disposition, fields, cause } = data as ErrorData
  const options = cause === undefined ? {} : { cause: decodeError(cause) }
  const error =
    code !== undefined && Object.hasOwn(errorCodes, code)
      ? new TroupeError(code as ErrorCode, message, {
          ...options,
          ...(disposition === undefined ? {} : { disposition: disposition as 'terminal' }),
          fields: (fields ?? {}) as Record<string, unknown>,
        })
      : Object.assign(new Error(message, options), code === undefined ? {} : { code })
  if (!(error instanceof TroupeError)) Object.defineProperty(error, 'name', { value: name })
  if (stack !== undefined) error.stack = stack
  return error
}

function codeOf(error: Error): Partial<ErrorData> {
  if (error instanceof TroupeError) {
    const fields = encodable(error.fields)
    return {
      code: error.code,
      disposition: error.disposition,
      ...(fields !== undefined && { fields }),
    }
  }
  const code = (error as { code?: unknown }).code
  return typeof code === 'string' ? { code } : {}
}

/** Fields that cannot be encoded are dropped: an error must never fail to be reported. */
function encodable(fields: unknown): unknown {
  try {
    assertEncodable(fields, 'error fields')
    return fields
  } catch {
    return undefined
  }
}

function text(value: unknown): string {
  try {
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  } catch {
    return Object.prototype.toString.call(value)
  }
}
