/**
 * What a turn was made from besides its message, state and step results, as its record keeps it (R2):
 * the order in which its steps settled, what the time was then (R3), which attempt it was, and the key
 * under which it sealed (R5).
 */
import { decodeValue, encodeValue } from '../../persistence/codec.ts'

export interface TurnInputs {
  /** Keys of settled steps in order, with what `ctx.now()` was from then on. */
  readonly settled: readonly (readonly [key: string, now: number])[]
  /** 1 for the first (F2). */
  readonly attempt: number
  /** Id of the key of its secrets; undefined when it made none. */
  readonly sealedUnder: string | undefined
}

/** @returns undefined when there is nothing that a replay would not assume */
export function encodeInputs({
  settled,
  attempt,
  sealedUnder,
}: TurnInputs): Uint8Array | undefined {
  if (settled.length === 0 && attempt === 1 && sealedUnder === undefined) return undefined
  return encodeValue({
    settled,
    ...(attempt !== 1 && { attempt }),
    ...(sealedUnder !== undefined && { sealedUnder }),
  })
}

export function decodeInputs(bytes: Uint8Array | undefined): TurnInputs {
  if (bytes === undefined) return { settled: [], attempt: 1, sealedUnder: undefined }
  const known = decodeValue(bytes) as Pick<TurnInputs, 'settled'>
  return { attempt: 1, sealedUnder: undefined, ...known }
}
