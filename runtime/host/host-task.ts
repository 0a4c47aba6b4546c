/**
 * The task of a host's thread: loads the app and runs a host until it is stopped.
 */
import type { App } from '../../actors/app.ts'
import { encodeError } from '../../actors/cell/error-data.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { offer } from '../wire/control.ts'
import type { HostStart, Report } from '../wire/host-control.ts'
import { Host } from './host.ts'

/** Runs a host until it is stopped. */
export async function runHost(start: HostStart): Promise<void> {
  const unhandled = (error: unknown): void => {
    start.reports.postMessage({ kind: 'unhandled', error: encodeError(error) } satisfies Report)
  }
  // A promise that user code forgot must not take a thousand innocent actors with it.
  process.on('unhandledRejection', unhandled)
  try {
    const host = new Host(await loadApp(start.app), start)
    offer(host.control, start.control)
    start.reports.postMessage({ kind: 'up' })
    await host.ended
  } finally {
    process.off('unhandledRejection', unhandled)
  }
}

/** @throws APP_INVALID */
async function loadApp(url: string): Promise<App> {
  const module = (await import(url)) as { default?: App & { default?: App } }
  // A CommonJS module's exports arrive as the default export, an ES module's under it.
  const app = module.default?.actors ? module.default : module.default?.default
  if (app?.actors instanceof Map) return app
  throw new TroupeError(
    'APP_INVALID',
    `${url} must export its app as default: export default app(import.meta.url, { actors: [...] })`,
  )
}
