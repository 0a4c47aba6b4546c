/**
 * The end of a system (S2): stop intake, drain, checkpoint, close, within one deadline. What is left
 * over is reported, and the process can exit.
 */
import type { App } from '../../actors/app.ts'
import type { Accounting } from '../../mailbox/accounting.ts'
import { longestTimeout } from '../../mailbox/clock.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { closeTelemetry } from '../telemetry/telemetry.ts'
import type { Booted } from './boot.ts'
import { calmOf } from './calm.ts'
import type { SystemStats } from './stats.ts'

/** How a system ended. */
export interface CloseReport {
  /** False when the deadline came first. */
  readonly drained: boolean
  /** Messages that were in memory only and did not get their turn. */
  readonly leftover: number
  /** Messages that wait in the store for the next start. */
  readonly stored: number
  readonly accounting: Accounting
}

/** Parts of the time for draining and for stopping; the rest is for the store's own end. */
const drainShare = 0.7
const stopShare = 0.9

/** @param within ms for all of it */
export async function closeSystem(
  booted: Booted,
  app: App,
  within: number,
  stats: () => SystemStats,
): Promise<CloseReport> {
  const time = new Deadline()
  const drained = await drain(booted, time.after(within * drainShare))
  booted.faults?.('close:drained')
  const end = time.after(within)
  const { total } = stats()
  const stored = (await inTime(storedOf(booted), end)) ?? 0
  await stopThreads(booted, app, time.after(within * stopShare))
  booted.faults?.('close:threads-stopped')
  booted.peer.starts?.close()
  booted.quarantine.close()
  booted.kills.close()
  await Promise.all([inTime(booted.store?.close(), end), closeTelemetry(booted.telemetry, end)])
  booted.faults?.('close:store-closed')
  booted.client?.closed(closedError())
  await booted.pool?.destroy()
  booted.clock.end()
  time.end()
  const held = total.pending + total.stashed + total.running + total.inTransit
  return { drained, leftover: Math.max(0, held - stored), stored, accounting: total }
}

/** True when everything was done in time. */
async function drain(booted: Booted, deadline: Promise<void>): Promise<boolean> {
  booted.peer.routing.stopIntake()
  await Promise.race([booted.hosts?.stopIntake(), deadline])
  // What the store holds need not come back before the next start.
  const isResting = calmOf(booted, 'resting').then(() => true)
  return await Promise.race([isResting, deadline.then(() => false)])
}

async function stopThreads(
  { peer, hosts, links }: Booted,
  app: App,
  deadline: Promise<void>,
): Promise<void> {
  await hosts?.stop(deadline)
  peer.asks.failAll(() => closedError())
  peer.flushAll()
  await inTime(peer.dispose(app.dispose as never), deadline)
  links.close()
}

/** Messages that the store keeps for the next start. */
async function storedOf({ client }: Booted): Promise<number> {
  return client === undefined ? 0 : (await client.ask('stats', {})).pending
}

/** The value, or undefined when it does not come in time or at all. */
async function inTime<T>(
  work: Promise<T> | undefined,
  deadline: Promise<void>,
): Promise<T | undefined> {
  const failed = work?.catch(() => undefined)
  return (await Promise.race([failed, deadline])) as T | undefined
}

function closedError(): TroupeError {
  return new TroupeError('SYSTEM_CLOSED', 'the system closed before this was answered')
}

/** Moments of one close, counted from its start. */
class Deadline {
  readonly #start = performance.now()
  readonly #timers: NodeJS.Timeout[] = []

  /** Resolves this many ms after the start. */
  after(ms: number): Promise<void> {
    const left = Math.max(0, ms - (performance.now() - this.#start))
    return new Promise((resolve) => {
      this.#timers.push(setTimeout(resolve, Math.min(left, longestTimeout)))
    })
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }
}
