/**
 * The fingerprint of an actor: SHA-256 over its encoded state and the runtime's encoded book about it.
 * The codec gives equal values equal bytes; the order of keys and members is part of a state.
 */
import { createHash, type Hash } from 'node:crypto'
import { encodeValue } from '../codec.ts'
import type { FoldedState } from '../fold.ts'

/** Hex digits. An actor without a state has a fingerprint too, unlike that of any state. */
export function hashState({ state, meta }: FoldedState): string {
  const hash = createHash('sha256')
  part(hash, state && encodeValue(state.value))
  part(hash, meta === undefined ? undefined : encodeValue(meta))
  return hash.digest('hex')
}

/** Length first: where one part ends must not be a matter of its bytes. */
function part(hash: Hash, bytes: Uint8Array | undefined): void {
  const length = new DataView(new ArrayBuffer(8))
  length.setFloat64(0, bytes?.length ?? -1)
  hash.update(new Uint8Array(length.buffer))
  if (bytes !== undefined) hash.update(bytes)
}
