/**
 * The end of a system (S2): stop intake, drain, checkpoint, close, within one deadline. What is left
 * over is reported, and the process can exit.
 */
import type { App } from '../../actors/app.ts'
import type { Accounting } from '../../mailbox/accounting.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Booted } from './boot.ts'
import { quietOf } from './quiet.ts'
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

/** @param within ms for all of it */
export async function closeSystem(
  booted: Booted,
  app: App,
  within: number,
  stats: () => SystemStats,
): Promise<CloseReport> {
  const { peer, hosts, store, links, pool } = booted
  const deadline = alarm(within)
  peer.stopIntake()
  await Promise.race([hosts?.stopIntake(), deadline.rang])
  const drained = await Promise.race([
    quietOf(booted).then(() => true),
    deadline.rang.then(() => false),
  ])
  const { total } = stats()
  const stored = booted.client === undefined ? 0 : ((await pendingOf(booted, deadline.rang)) ?? 0)
  await hosts?.stop(deadline.rang)
  peer.asks.failAll(() => closedError())
  peer.flush()
  await Promise.race([peer.dispose(app.dispose as never), deadline.rang])
  links.close()
  await store?.close()
  booted.client?.closed(closedError())
  await pool?.destroy()
  booted.clock.end()
  deadline.cancel()
  const leftover = total.pending + total.running + total.inTransit - stored
  return { drained, leftover: Math.max(0, leftover), stored, accounting: total }
}

async function pendingOf(
  { client }: Booted,
  deadline: Promise<unknown>,
): Promise<number | undefined> {
  const asked = client?.ask('stats', {}).then(({ pending }) => pending)
  return (await Promise.race([asked?.catch(() => undefined), deadline.then(() => undefined)])) as
    | number
    | undefined
}

function closedError(): TroupeError {
  return new TroupeError('SYSTEM_CLOSED', 'the system closed before this was answered')
}

function alarm(ms: number): { readonly rang: Promise<void>; cancel(): void } {
  let timer: NodeJS.Timeout | undefined
  const rang = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  return { rang, cancel: () => clearTimeout(timer) }
}
