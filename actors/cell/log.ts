/**
 * `ctx.log`: lines of one turn, handed to the host. A line is never lost and never fails its turn,
 * whatever is in it: what is no plain data is written as text, the same with and without threads.
 *
 * Below the level that anybody wants nothing is looked at and nothing is made.
 */
import { inspect, types } from 'node:util'
import type { Envelope } from '../../mailbox/envelope.ts'
import { assertEncodable } from '../../persistence/encodable.ts'
import type { Log } from '../context.ts'
import { type CellHost, type LogLevel, type LogTurn, logRanks } from './ports.ts'

type Fields = Readonly<Record<string, unknown>>

/** The turn or read whose lines they are. */
interface Speaker {
  readonly cell: { readonly id: string }
  readonly host: CellHost
  readonly envelope: Envelope | undefined
  readonly attempt: number
  /** W3C `traceparent`. */
  readonly trace: string | undefined
}

export class TurnLog implements Log {
  readonly #speaker: Speaker

  constructor(speaker: Speaker) {
    this.#speaker = speaker
  }

  debug(message: unknown, fields?: unknown): void {
    if (this.#isWanted(logRanks.debug)) this.#write('debug', message, fields)
  }

  info(message: unknown, fields?: unknown): void {
    if (this.#isWanted(logRanks.info)) this.#write('info', message, fields)
  }

  warn(message: unknown, fields?: unknown): void {
    if (this.#isWanted(logRanks.warn)) this.#write('warn', message, fields)
  }

  error(message: unknown, fields?: unknown): void {
    if (this.#isWanted(logRanks.error)) this.#write('error', message, fields)
  }

  #isWanted(rank: number): boolean {
    return rank >= (this.#speaker.host.logRank ?? 0)
  }

  #write(level: LogLevel, message: unknown, fields: unknown): void {
    const { host, cell } = this.#speaker
    host.log(level, cell.id, textOf(message), fieldsOf(fields), turnOf(this.#speaker))
  }
}

/** A start hook has no message. */
function turnOf({ envelope, attempt, trace }: Speaker): LogTurn | undefined {
  if (envelope === undefined) return undefined
  const { id, name, position } = envelope
  return { id, message: name, attempt, position, ...(trace !== undefined && { trace }) }
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
