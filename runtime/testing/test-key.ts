/** The key of secrets in tests: the same in every test system, and no secret itself. */
import { Keyring, keyLength } from '../../persistence/keyring.ts'

export function testKeyring(): Keyring {
  return new Keyring([new Uint8Array(keyLength).fill(7)])
}
