/**
 * What a turn was made from besides its message, state and step results, as its record keeps it (R2):
 * the order in which its steps settled, what the time was then (R3), and which attempt it was.
 */
import { decodeValue, encodeValue } from '../../persistence/codec.ts'

export interface TurnInputs {
  /** Keys of settled steps in order, with what `ctx.now()` was from then on. */
  readonly settled: readonly (readonly [key: string, now: number])[]
  /** 1 for the first (F2). */
  readonly attempt: number
}

/** @returns undefined when there is nothing that a replay would not assume */
export function encodeInputs({ settled, attempt }: TurnInputs): Uint8Array | undefined {
  if (settled.length === 0 && attempt === 1) return undefined
  return encodeValue(attempt === 1 ? { settled } : { settled, attempt })
}

export function decodeInputs(bytes: Uint8Array | undefined): TurnInputs {
  if (bytes === undefined) return { settled: [], attempt: 1 }
  return { attempt: 1, ...(decodeValue(bytes) as Pick<TurnInputs, 'settled'>) }
}
