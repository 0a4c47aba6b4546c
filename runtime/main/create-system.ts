/** `createSystem`: from an app and options to a running system. */
import { isMainThread } from 'node:worker_threads'
import type { App } from '../../actors/app.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { openLog } from '../telemetry/logs/open.ts'
import { Metering } from '../telemetry/metrics/metering.ts'
import { mainSlot } from '../wire/placement.ts'
import { boot } from './boot.ts'
import { DeadLetters } from './dead-letters.ts'
import { type CheckedOptions, checkSystemOptions, type SystemOptions } from './options.ts'
import { hostMarker } from './pool.ts'
import { Reports } from './reports.ts'
import { System } from './system.ts'
import { SystemMetrics } from './system-metrics.ts'

/**
 * Starts a system. Resolves when its hosts are up and everything that waits in the store is known.
 *
 * @param given the default export of the app module
 * @throws OPTION_INVALID, APP_INVALID, SYSTEM_IN_HOST, STORE_LOCKED, STORE_NEWER, STORE_READONLY,
 *   STORE_CORRUPT, STORE_TAIL_LOST
 */
export async function createSystem<Deps>(
  given: App<Deps>,
  options: SystemOptions = {},
): Promise<System> {
  checkCaller(given)
  // What its deps are concerns its own actors only.
  return await startSystem(given as App, checkSystemOptions(options))
}

/** {@link createSystem} behind its checks. */
export async function startSystem(app: App, checked: CheckedOptions): Promise<System> {
  const metering = checked.telemetry.metrics && new Metering(mainSlot, app.actors.keys())
  const { logs } = checked.telemetry
  const dropped = (count: number): void => reports.linesDropped(count, 'all threads')
  const log = logs && (await openLog(logs, dropped))
  const level = checked.logLevel
  const reports = new Reports(log?.write ?? checked.log, Date.now, { metering, level })
  const booted = await boot(app, checked, reports).catch(async (error: unknown) => {
    await log?.end(checked.closeWithin)
    throw error
  })
  const deadLetters = new DeadLetters(booted.peer, booted.client)
  await deadLetters.load()
  reports.to(deadLetters)
  const metrics = metering && new SystemMetrics({ app, booted, reports, metering })
  await metrics?.begin(checked.telemetry.metrics?.export)
  const { events } = reports
  return new System({ app, options: checked, booted, events, deadLetters, reports, metrics, log })
}

/** @throws SYSTEM_IN_HOST, APP_INVALID */
function checkCaller(app: unknown): void {
  if (!isMainThread && process.env[hostMarker] !== undefined) {
    throw new TroupeError(
      'SYSTEM_IN_HOST',
      'createSystem was called inside a host: the app module is imported by every thread, so it must only define things; call createSystem in another module',
    )
  }
  if ((app as App | undefined)?.actors instanceof Map) return
  throw new TroupeError(
    'APP_INVALID',
    'createSystem: the first argument is an app, as made by app(import.meta.url, { actors: [...] })',
  )
}
