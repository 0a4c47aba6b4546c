/**
 * The keys of secrets (R5): the newest seals, every one opens what it sealed.
 *
 * AES-256-GCM with a synthetic nonce: nonce and hash are halves of one HMAC-SHA-256 over the content, so
 * that a nonce is met again only with the same content, whose bytes are then the same (R2 needs that:
 * a turn that is run again must write what it wrote). The keys of HMAC and cipher and the id of a key are
 * derived from it by HKDF, so that an id never has to be kept in step with its key.
 *
 * Keys live outside of the store and are never written, logged or named in an error; ids are.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto'
import { TroupeError } from '../mailbox/errors.ts'
import { decodeValue, encodeValue } from './codec.ts'
import { boundForm, isSecret, Secret, sealedForm } from './secret.ts'

/** Bytes of one key. */
export const keyLength = 32

const cipher = 'aes-256-gcm'
const idLength = 4
const hashLength = 16
const nonceLength = 12

interface Key {
  readonly id: Uint8Array
  readonly encrypt: Uint8Array
  readonly hash: Uint8Array
}

export class Keyring {
  /** By id, newest first. */
  readonly #keys: ReadonlyMap<string, Key>

  /** @param masters keys of {@link keyLength} bytes, the newest first; none: nothing can be sealed */
  constructor(masters: readonly Uint8Array[] = []) {
    const keys = masters.map(derive)
    this.#keys = new Map(keys.map((key) => [idText(key), key]))
  }

  /** Id of the key that seals; undefined without one. */
  get newest(): string | undefined {
    return this.#keys.keys().next().value
  }

  /**
   * @param under id of the key to seal with; the newest by default
   * @throws SECRET_KEY_MISSING; NOT_ENCODABLE, PAYLOAD_TOO_LARGE
   */
  seal<T>(value: T, under = this.newest): Secret<T> {
    if (under === undefined) throw noKeys()
    const key = this.#key(under, 'seal what it sealed before')
    const plain = encodeValue(value, 'a secret')
    const synthetic = createHmac('sha256', key.hash).update(plain).digest()
    const bound = boundForm(key.id, synthetic.subarray(0, hashLength))
    const nonce = synthetic.subarray(hashLength, hashLength + nonceLength)
    const seal = createCipheriv(cipher, key.encrypt, nonce).setAAD(bound)
    const ciphertext = Buffer.concat([seal.update(plain), seal.final()])
    return new Secret(sealedForm({ bound, nonce, ciphertext, tag: seal.getAuthTag() }))
  }

  /**
   * The content of a secret, a new copy each time.
   * @throws SECRET_KEY_MISSING, SECRET_WITHHELD, STORE_CORRUPT; OPTION_INVALID for what is no secret
   */
  open<T>(secret: Secret<T>): T {
    if (!isSecret(secret)) throw noSecret(secret)
    const { parts } = secret
    if (parts === undefined) throw withheld(secret)
    const key = this.#key(secret.key, `open ${secret}`)
    const open = createDecipheriv(cipher, key.encrypt, parts.nonce, { authTagLength: 16 })
    open.setAAD(parts.bound).setAuthTag(parts.tag)
    try {
      const plain = Buffer.concat([open.update(parts.ciphertext), open.final()])
      return decodeValue(plain, 'a secret') as T
    } catch {
      // The cause could quote the content.
      throw damaged(secret)
    }
  }

  #key(id: string, purpose: string): Key {
    const key = this.#keys.get(id)
    if (key !== undefined) return key
    const known = [...this.#keys.keys()]
    const given = known.length === 0 ? 'no keys are given' : `given are ${known.join(', ')}`
    throw new TroupeError(
      'SECRET_KEY_MISSING',
      `expected the key ${id}, to ${purpose}; ${given}. Add it to the option "secrets"`,
      { fields: { key: id } },
    )
  }
}

function derive(master: Uint8Array): Key {
  const part = (info: string, length: number): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', master, '', `troupe secret ${info}`, length))
  return { id: part('id', idLength), encrypt: part('encrypt', keyLength), hash: part('hash', 32) }
}

function idText({ id }: Key): string {
  return Buffer.from(id).toString('hex')
}

function noKeys(): TroupeError {
  return new TroupeError(
    'SECRET_KEY_MISSING',
    'a secret is sealed under a key outside of the store (R5), and none is given: createSystem({ secrets: { env: "NAME" } }), or { file } or { keys }. Make one with `openssl rand -base64 32`',
  )
}

function withheld(secret: Secret): TroupeError {
  return new TroupeError(
    'SECRET_WITHHELD',
    `${secret} comes from an export, which keeps the hash of a secret and not its content (R5); a backup keeps both`,
    { fields: { hash: secret.hash } },
  )
}

function damaged(secret: Secret): TroupeError {
  return new TroupeError(
    'STORE_CORRUPT',
    `${secret} does not open with its key ${secret.key}: its bytes were changed`,
    { fields: { hash: secret.hash, key: secret.key } },
  )
}

function noSecret(value: unknown): TroupeError {
  return new TroupeError(
    'OPTION_INVALID',
    `reveal: expected a Secret, got ${value === null ? 'null' : typeof value}`,
  )
}
