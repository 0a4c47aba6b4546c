/**
 * The task of a host's thread: loads the app and runs a host until it is stopped.
 */
import { threadId } from 'node:worker_threads'
import type { App } from '../../actors/app.ts'
import { encodeError } from '../../actors/cell/error-data.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import { offer } from '../wire/control.ts'
import type { HostStart, Report } from '../wire/host-control.ts'
import { Host } from './host.ts'

/** Runs a host until it is stopped. */
export async function runHost(start: HostStart, faults: Faults | undefined): Promise<void> {
  const host = await startHost(start, faults)
  if (host === undefined) return
  const unhandled = (error: unknown): void => {
    start.reports.postMessage({ kind: 'unhandled', error: encodeError(error) } satisfies Report)
  }
  // A promise that user code forgot must not take a thousand innocent actors with it.
  process.on('unhandledRejection', unhandled)
  try {
    offer(host.control, start.control)
    start.reports.postMessage({ kind: 'up', threadId } satisfies Report)
    await host.ended
  } finally {
    process.off('unhandledRejection', unhandled)
  }
}

/** A start that fails is reported as data: the task's own rejection would lose code and cause. */
async function startHost(start: HostStart, faults: Faults | undefined): Promise<Host | undefined> {
  try {
    return new Host(await loadApp(start.app), start, faults)
  } catch (error) {
    start.reports.postMessage({ kind: 'failed', error: encodeError(error) } satisfies Report)
    return undefined
  }
}

/** @throws APP_INVALID */
async function loadApp(url: string): Promise<App> {
  const module = await importApp(url)
  // A CommonJS module's exports arrive as the default export, an ES module's under it.
  const app = module.default?.actors ? module.default : module.default?.default
  if (app?.actors instanceof Map) return app
  throw new TroupeError(
    'APP_INVALID',
    `${url} must export its app as default: export default app(import.meta.url, { actors: [...] })`,
  )
}

async function importApp(url: string): Promise<{ default?: App & { default?: App } }> {
  try {
    return (await import(url)) as { default?: App & { default?: App } }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new TroupeError('APP_INVALID', `${url} cannot be loaded in a host: ${why}`, {
      cause: error,
    })
  }
}
