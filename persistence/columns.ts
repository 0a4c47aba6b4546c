/**
 * Growth of the typed-array columns in which the ledger keeps a million rows: a plain object per
 * row would cost several times the bytes.
 */

type Column = Float64Array | Uint32Array | Uint16Array | Uint8Array

/** Rows to make room for when `needed` no longer fit into `capacity`. */
export function nextCapacity(capacity: number, needed: number): number {
  return Math.max(needed, Math.ceil(capacity * 1.5), 16)
}

/** The same column with more room, zero beyond the old rows. */
export function grow<C extends Column>(column: C, capacity: number): C {
  const larger = new (column.constructor as new (length: number) => C)(capacity)
  larger.set(column)
  return larger
}
