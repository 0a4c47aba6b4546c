/**
 * Secrets in recorded values, as they leave the store and come back (R5): an export keeps their hash, an
 * edit of a message names one by it.
 */
import { TroupeError } from '../../mailbox/errors.ts'
import { decodeValue, encodeValue } from '../codec.ts'
import { EXTENSION } from '../codec-guard.ts'
import { type Fields, kindOf } from '../kinds.ts'
import { isSecret, type Secret } from '../secret.ts'

/**
 * The same value with the hash of each secret in place of its content.
 * @throws STORE_CORRUPT for bytes that may hold a secret and cannot be read
 */
export function withheldBytes(bytes: Uint8Array): Uint8Array {
  // Most values hold none: a byte that could announce one is looked for first.
  if (!bytes.includes(EXTENSION.SECRET)) return bytes
  const value = decodeValue(bytes)
  const withheld = rewritten(value, (one) => (isSecret(one) ? one.withheld() : one))
  return withheld === value ? bytes : encodeValue(withheld)
}

/**
 * A payload written as JSON in place of a recorded one: `{ "$secret": HASH }` stands for the secret
 * that has this hash there, so that a message can be edited around its secrets, without their key.
 *
 * @throws OPTION_INVALID for a hash that the recorded payload does not hold
 */
export function withSecretsOf(recorded: Uint8Array | undefined, payload: unknown): unknown {
  const known = secretsIn(recorded)
  return rewritten(payload, (one) => {
    if (isSecret(one) || !Object.hasOwn(one, '$secret')) return one
    const hash = (one as Fields)['$secret']
    const secret = known.get(String(hash))
    if (secret !== undefined) return secret
    throw new TroupeError(
      'OPTION_INVALID',
      `fork: an edit keeps a secret by its hash, and the recorded message holds ${[...known.keys()].join(', ') || 'none'}, got ${JSON.stringify(hash)}`,
    )
  })
}

function secretsIn(bytes: Uint8Array | undefined): ReadonlyMap<string, Secret> {
  const found = new Map<string, Secret>()
  if (bytes === undefined) return found
  rewritten(decodeValue(bytes), (one) => {
    if (isSecret(one)) found.set(one.hash, one)
    return one
  })
  return found
}

/** The value with other objects in place of some; itself where there are none. */
function rewritten(value: unknown, other: (value: object) => object): unknown {
  if (typeof value !== 'object' || value === null) return value
  const replacement = other(value)
  if (replacement !== value) return replacement
  const inside = (item: unknown): unknown => rewritten(item, other)
  switch (kindOf(value)) {
    case 'record':
      return changed(value, Object.entries(value), inside, Object.fromEntries)
    case 'map':
      return changed(value, [...(value as Map<unknown, unknown>)], inside, (all) => new Map(all))
    case 'array':
      return changed(value, [...(value as unknown[]).entries()], inside, (all) =>
        all.map(([, item]) => item),
      )
    default:
      return value
  }
}

type Entries<K> = readonly (readonly [K, unknown])[]

function changed<K>(
  value: object,
  entries: Entries<K>,
  inside: (item: unknown) => unknown,
  rebuilt: (entries: Entries<K>) => unknown,
): unknown {
  const now = entries.map(([key, item]) => [key, inside(item)] as const)
  return now.every(([, item], i) => item === entries[i]?.[1]) ? value : rebuilt(now)
}
