/** Loads the app module that a command was given. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { App } from '../../actors/app.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { type AppNote, whereIs } from '../../persistence/sqlite/app-note.ts'
import { misuse } from './arguments.ts'

/**
 * The app that was given, or else the one that the store has noted.
 *
 * @throws OPTION_INVALID where it is not there, or none is noted; APP_INVALID as {@link loadApp}
 */
export async function appOf(
  command: string,
  given: string | undefined,
  store: string,
  note: AppNote | undefined,
): Promise<App> {
  if (given !== undefined) return await loadApp(command, given)
  if (note === undefined) {
    throw misuse(command, `${store} does not say which app wrote it: --app names the app module`)
  }
  const path = whereIs(note, store)
  if (path !== undefined) return await loadApp(command, path)
  throw misuse(
    command,
    `the app that wrote ${store} was ${note.path}, which is gone: --app names where it is now`,
  )
}

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
