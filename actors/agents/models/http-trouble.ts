/** What an HTTP status and its headers say about trying again. */
import type { ErrorCode } from '../../../mailbox/errors.ts'

/** The code for a failed request's status. */
export function byStatus(status: number): ErrorCode {
  switch (status) {
    case 401:
    case 403:
      return 'MODEL_DENIED'
    case 404:
      return 'MODEL_MISSING'
    case 408:
    case 504:
      return 'MODEL_TIMEOUT'
    case 429:
      return 'MODEL_THROTTLED'
    default:
      return status >= 500 || status === 424 ? 'MODEL_UNAVAILABLE' : 'MODEL_REQUEST_INVALID'
  }
}

/** Milliseconds of a `Retry-After`: seconds, or a date as the service's own clock sees it. */
export function retryAfterOf(headers: Readonly<Record<string, string>>): number | undefined {
  const asked = headers['retry-after']
  if (asked === undefined || asked.trim() === '') return undefined
  const seconds = Number(asked)
  if (seconds >= 0) return Math.ceil(seconds * 1_000)
  const ms = Date.parse(asked) - Date.parse(headers['date'] ?? '')
  return ms >= 0 ? ms : undefined
}
