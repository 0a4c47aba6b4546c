/**
 * One log line as JSON has it. What a handler gave stands under `fields`, so that no field of a user's can
 * pass for the line's own time, level or actor.
 */
import type { LogLevel, LogTurn } from '../../../actors/cell/ports.ts'
import { toJson } from '../../../persistence/replay/recorded-value.ts'

/** One line of an actor's or the runtime's log. */
export interface LogLine {
  readonly level: LogLevel
  /** Wall time in ms. */
  readonly at: number
  /** `type/key`, or empty for the runtime itself. */
  readonly actor: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
  /** The turn that wrote it; absent for the runtime's own lines. */
  readonly turn?: LogTurn
}

const redacted = '[redacted]'

/** @param secrets texts that it must not hold */
export function jsonLine(
  { actor, fields, turn }: LogLine,
  secrets: readonly string[],
): Record<string, unknown> {
  const slash = actor.indexOf('/')
  const line = {
    ...(actor !== '' && { actor: { type: actor.slice(0, slash), key: actor.slice(slash + 1) } }),
    ...(turn !== undefined && turnFields(turn)),
    ...(Object.keys(fields).length > 0 && { fields: toJson(fields) }),
  }
  return secrets.length === 0 ? line : (without(line, secrets) as Record<string, unknown>)
}

function turnFields({ id, message, attempt, position, trace }: LogTurn): Record<string, unknown> {
  const [, traceId, spanId] = trace?.split('-') ?? []
  return {
    message: { id, name: message },
    turn: { attempt, ...(position > 0 && { position }) },
    ...(traceId !== undefined && { trace_id: traceId }),
    ...(spanId !== undefined && { span_id: spanId }),
  }
}

/** The same without these texts, in names, too. @param value of kinds that JSON has */
function without(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return withoutIn(value, secrets)
  if (Array.isArray(value)) return value.map((one) => without(one, secrets))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [withoutIn(name, secrets), without(one, secrets)]),
  )
}

export const withoutIn = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((rest, secret) => rest.replaceAll(secret, () => redacted), text)
