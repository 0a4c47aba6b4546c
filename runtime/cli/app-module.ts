/** Loads the app module that a command was given. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { App } from '../../actors/app.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { misuse } from './arguments.ts'

/** @throws OPTION_INVALID where there is no file; APP_INVALID when it is no app or does not load */
export async function loadApp(command: string, path: string): Promise<App> {
  const file = resolve(path)
  if (!existsSync(file)) throw misuse(command, `${path} is no file; --app names the app module`)
  const app = appIn(await load(path, file))
  if (app?.actors instanceof Map) return app
  throw new TroupeError(
    'APP_INVALID',
    `${path} does not export an app; expected export default app(import.meta.url, { actors: [...] })`,
  )
}

async function load(path: string, file: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(file).href)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new TroupeError('APP_INVALID', `${path} does not load: ${why}`, { cause })
  }
}

/** A CommonJS module's exports arrive as the default export. */
function appIn(module: unknown): App | undefined {
  const { default: exported } = module as { default?: App & { default?: App } }
  return exported?.default ?? exported
}
