/** Events and log lines as `troupe dev` prints them: one line each, `name fact=value ...`. */
import type { SystemEvent } from '../main/events.ts'
import type { LogLine } from '../telemetry/logs/line.ts'

export function eventLine({ event, ...facts }: SystemEvent): string {
  const { letter, ...rest } = facts as { letter?: { id: string; to: string; name: string } }
  const all = letter === undefined ? rest : { ...rest, ...withoutPayload(letter) }
  return [event, ...pairs(all)].join(' ')
}

export function logLine({ level, actor, message, fields }: LogLine): string {
  const head = actor === '' ? [level, message] : [level, `actor=${actor}`, message]
  return [...head, ...pairs(fields)].join(' ')
}

/** A payload may be long and may be nobody else's business. */
function withoutPayload(letter: object): object {
  const { payload: _payload, at: _at, ...header } = letter as { payload?: unknown; at?: unknown }
  return header
}

function pairs(facts: object): string[] {
  return Object.entries(facts)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${brief(value)}`)
}

function brief(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(String(value))
  if (typeof value === 'number') return String(Math.round(value * 10) / 10)
  if (typeof value === 'string') return /[\s"=]/.test(value) ? JSON.stringify(value) : value
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}
