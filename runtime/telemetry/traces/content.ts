/** What was said, as the text of an attribute: only where content is asked for. */
import { isSecret } from '../../../persistence/secret.ts'

/** A secret stays one (R5), and what cannot be written says so. */
export function contentOf(value: unknown): string {
  try {
    return JSON.stringify(value, shown) ?? 'undefined'
  } catch {
    return '(cannot be shown)'
  }
}

function shown(_key: string, value: unknown): unknown {
  if (isSecret(value)) return '(secret)'
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return `(${value.length} bytes)`
  if (value instanceof Map) return Object.fromEntries(value)
  return value instanceof Set ? [...value] : value
}
