/** The option `secrets` of `createSystem` and of commands: where the keys of secrets come from (R5). */
import { existsSync, readFileSync } from 'node:fs'
import { TroupeError } from '../../mailbox/errors.ts'
import { anArray, aText, checkOptions } from '../../mailbox/options.ts'
import { keyLength } from '../../persistence/keyring.ts'

/**
 * Where the keys of secrets are; one of the three. A key has 32 bytes: as they are, or as base64 or hex
 * text. The newest comes first and seals; older ones open what they sealed as long as records hold it.
 */
export interface SecretsOptions {
  /** The keys themselves. */
  readonly keys?: readonly (string | Uint8Array)[]
  /** Name of an environment variable that holds them, separated by blanks or commas. */
  readonly env?: string
  /** Path of a file that holds them, one a line; lines that begin with `#` are notes. */
  readonly file?: string
}

/**
 * @param what names the call in errors
 * @param env the environment to look in
 * @returns keys, newest first; none without the option
 * @throws OPTION_INVALID, which never quotes what stands in place of a key
 */
export function readSecrets(
  what: string,
  options: SecretsOptions | undefined,
  env: NodeJS.ProcessEnv,
): readonly Uint8Array[] {
  if (options === undefined) return []
  checkOptions(`${what} secrets`, options, { keys: anArray, env: aText, file: aText })
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  if (given.length !== 1) throw invalid(what, 'takes one of keys, env and file')
  const { where, keys } = found(what, options, env)
  const masters = keys.map((key, i) => aKey(what, key, `key ${i + 1} in ${where}`))
  if (masters.length === 0) throw invalid(what, `finds no key in ${where}`)
  const texts = masters.map((key) => Buffer.from(key).toString('hex'))
  const twice = texts.findIndex((text, i) => texts.indexOf(text) < i)
  if (twice >= 0) throw invalid(what, `has key ${twice + 1} in ${where} twice`)
  return masters
}

interface Found {
  /** For errors. */
  readonly where: string
  readonly keys: readonly unknown[]
}

function found(
  what: string,
  { keys, env: name, file }: SecretsOptions,
  env: NodeJS.ProcessEnv,
): Found {
  if (keys !== undefined) return { where: '"keys"', keys }
  if (name !== undefined) {
    const text = env[name]
    if (text === undefined) throw invalid(what, `finds no environment variable ${name}`)
    return { where: name, keys: words(text) }
  }
  const path = file as string
  if (!existsSync(path)) throw invalid(what, `finds no file ${path}`)
  const lines = readFileSync(path, 'utf8').split('\n')
  return { where: path, keys: words(lines.filter((line) => !line.startsWith('#')).join('\n')) }
}

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '')
}

function aKey(what: string, key: unknown, where: string): Uint8Array {
  const bytes = typeof key === 'string' ? decoded(key) : key
  if (bytes instanceof Uint8Array && bytes.length === keyLength) return Uint8Array.from(bytes)
  const got = bytes instanceof Uint8Array ? `${bytes.length} bytes` : `a ${typeof key}`
  throw invalid(
    what,
    `expects ${keyLength} bytes, or base64 or hex of them, as ${where}, got ${got}; make one with \`openssl rand -base64 ${keyLength}\``,
  )
}

function decoded(text: string): Uint8Array {
  return Buffer.from(text, /^[0-9a-f]{64}$/i.test(text) ? 'hex' : 'base64')
}

function invalid(what: string, why: string): TroupeError {
  return new TroupeError('OPTION_INVALID', `${what}: option "secrets" ${why}`)
}
