/** Signals as they cross: errors in them as data. */
import { decodeError, encodeError } from '../../actors/cell/error-data.ts'
import type { Signal } from '../../actors/cell/signal.ts'

export function portable(signal: Signal): Signal {
  if (signal.kind !== 'child-ended' || signal.error === undefined) return signal
  return { ...signal, error: encodeError(signal.error) }
}

export function revived(signal: Signal): Signal {
  if (signal.kind !== 'child-ended' || signal.error === undefined) return signal
  return { ...signal, error: decodeError(signal.error) }
}
