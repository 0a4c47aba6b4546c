/** The key of secrets in tests: the same in every test system, and no secret itself. */
import { Keyring, keyLength } from '../../persistence/keyring.ts'

/** As the option `secrets` is checked to. */
export function testSecrets(): readonly Uint8Array[] {
  return [new Uint8Array(keyLength).fill(7)]
}

export function testKeyring(): Keyring {
  return new Keyring(testSecrets())
}
