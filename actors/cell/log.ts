/**
 * `ctx.log`: lines of one actor, handed to the host. A line is never lost and never fails its turn,
 * whatever is in it: what is no plain data is written as text, the same with and without threads.
 */
import { inspect, types } from 'node:util'
import { assertEncodable } from '../../persistence/encodable.ts'
import type { Log } from '../context.ts'
import type { CellHost, LogLevel } from './ports.ts'

type Fields = Readonly<Record<string, unknown>>

export function makeLog(host: CellHost, actor: string): Log {
  const log = (level: LogLevel, message: unknown, fields: unknown): void =>
    host.log(level, actor, textOf(message), fieldsOf(fields))
  return {
    debug: (message, fields) => log('debug', message, fields),
    info: (message, fields) => log('info', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    error: (message, fields) => log('error', message, fields),
  }
}

/** `log.error('failed', error)` is written more often than `{ error }`. */
function fieldsOf(given: unknown): Fields | undefined {
  if (given === undefined) return undefined
  const isError = types.isNativeError(given)
  const isFields = typeof given === 'object' && given !== null && !isError
  const fields = isFields ? given : { [isError ? 'error' : 'value']: given }
  return isEncodable(fields) ? (fields as Fields) : asText(fields)
}

function asText(fields: object): Fields {
  try {
    const entries = Object.entries(fields)
    return Object.fromEntries(
      entries.map(([name, it]) => [name, isEncodable(it) ? it : textOf(it)]),
    )
  } catch {
    return { value: textOf(fields) }
  }
}

function isEncodable(value: unknown): boolean {
  try {
    assertEncodable(value, 'log fields')
    return true
  } catch {
    return false
  }
}

/** Longest text of one value, in characters. */
const longestText = 10_000

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return inspect(value, { breakLength: Number.POSITIVE_INFINITY }).slice(0, longestText)
  } catch {
    return 'a value that cannot be looked at'
  }
}
