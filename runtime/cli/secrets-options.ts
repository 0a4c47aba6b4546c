/** The options of commands that run actors and may need the keys of secrets (R5). */
import { readSecrets, type SecretsOptions } from '../main/secrets-plan.ts'
import { misuse } from './arguments.ts'

export const secretsOptions = {
  'secrets-env': { type: 'string' },
  'secrets-file': { type: 'string' },
} as const

export const secretsHelp = `  --secrets-env NAME   environment variable with the keys of secrets, where a turn reveals or makes some
  --secrets-file FILE  the same from a file, a key a line`

/** @throws OPTION_INVALID */
export function secretsOf(
  command: string,
  values: { readonly 'secrets-env'?: string; readonly 'secrets-file'?: string },
  env: NodeJS.ProcessEnv,
): SecretsOptions | undefined {
  const { 'secrets-env': name, 'secrets-file': file } = values
  if (name !== undefined && file !== undefined) {
    throw misuse(command, '--secrets-env and --secrets-file exclude each other')
  }
  if (name === undefined && file === undefined) return undefined
  const where = name === undefined ? { file: file as string } : { env: name }
  return { keys: readSecrets(command, where, env) }
}
