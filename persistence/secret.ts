/**
 * A secret value (R5): in memory, on the wire and in records it is what its key made of it, never its
 * content. Only a keyring (`keyring.ts`) makes one and looks into one.
 *
 * Owns the byte form, which holds all there is to tell without a key: the key's id and a keyed hash.
 *
 *   sealed    1 | key id, 4 bytes | hash, 16 | nonce, 12 | ciphertext and tag
 *   withheld  2 | key id, 4 bytes | hash, 16             what an export keeps of one
 *
 * Invariants:
 * 1. Nothing here or in what it prints as (`String`, JSON, `console.log`) is the content.
 * 2. Secrets with the same content under the same key have the same bytes and the same hash.
 */

/** Never renumbered: stores in the field hold them. */
const Form = Object.freeze({ sealed: 1, withheld: 2 })

/** Where things lie in the bytes of one. */
const At = Object.freeze({ key: 1, hash: 5, nonce: 21, content: 33 })

const tagLength = 16

/** What a sealed secret is made of. */
export interface SealedParts {
  /** Form and key id, authenticated with the content. */
  readonly bound: Uint8Array
  readonly nonce: Uint8Array
  readonly ciphertext: Uint8Array
  readonly tag: Uint8Array
}

declare const content: unique symbol

/**
 * A value that is encrypted wherever it is kept or shown (R5). Made by `system.secret` or `ctx.secret`,
 * opened by `reveal`; payloads, replies, states and results of steps may hold it anywhere a value may stand.
 *
 * @typeParam T what `reveal` gives
 */
export class Secret<T = unknown> {
  /** Types only; never present at run time. */
  declare readonly [content]?: T
  /** Keyed hash of the content, 32 hex digits: equal for equal contents under one key. */
  readonly hash: string
  /** Id of the key that opens it, 8 hex digits. */
  readonly key: string
  readonly #bytes: Uint8Array

  /** @param bytes checked by {@link isSecretForm}; owned from now on */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.key = hexOf(bytes.subarray(At.key, At.hash))
    this.hash = hexOf(bytes.subarray(At.hash, At.nonce))
    Object.freeze(this)
  }

  /** The bytes that records hold, a copy. */
  get bytes(): Uint8Array {
    return this.#bytes.slice()
  }

  /** What a key needs to open it; undefined when only the hash was kept. */
  get parts(): SealedParts | undefined {
    if (this.#bytes[0] !== Form.sealed) return undefined
    const end = this.#bytes.length - tagLength
    return {
      bound: this.#bytes.subarray(0, At.nonce),
      nonce: this.#bytes.subarray(At.nonce, At.content),
      ciphertext: this.#bytes.subarray(At.content, end),
      tag: this.#bytes.subarray(end),
    }
  }

  /** The same secret without its content, as an export tells it. */
  withheld(): Secret<T> {
    const bytes = this.#bytes.slice(0, At.nonce)
    bytes[0] = Form.withheld
    return new Secret(bytes)
  }

  /** `[secret HASH]`, wherever it is printed. */
  toString(): string {
    return `[secret ${this.hash}]`
  }

  /** `{ $secret: HASH }`, as commands show it. */
  toJSON(): { readonly $secret: string } {
    return { $secret: this.hash }
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }
}

/** Whether a value is a {@link Secret}; for schemas: `z.custom<Secret<string>>(isSecret)`. */
export function isSecret(value: unknown): value is Secret {
  return value instanceof Secret
}

/** The part of a secret's bytes that its tag covers besides the content. */
export function boundForm(key: Uint8Array, hash: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(Form.sealed), key, hash])
}

/** @param bound what {@link boundForm} gave */
export function sealedForm({ bound, nonce, ciphertext, tag }: SealedParts): Uint8Array {
  return Uint8Array.from(Buffer.concat([bound, nonce, ciphertext, tag]))
}

/** Whether bytes can be a secret's: their form and its length. */
export function isSecretForm(form: number | undefined, length: number): boolean {
  if (form === Form.withheld) return length === At.nonce
  return form === Form.sealed && length > At.content + tagLength
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
