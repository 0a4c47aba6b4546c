/**
 * What a running system tells others of itself, on its main thread: one part for each signal.
 * Owns that they begin before anything is told and end within a bounded time.
 */
import type { Clock } from '../../mailbox/clock.ts'
import type { TelemetryPlan } from './options.ts'
import { openTraces, type Traces } from './traces/traces.ts'

export interface Telemetry {
  readonly traces: Traces | undefined
}

export interface TelemetryParts {
  readonly plan: TelemetryPlan
  readonly clock: Clock
  /** Of the main thread. */
  readonly slot: number
  /** For the log. */
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void
}

/** @throws PACKAGE_MISSING */
export async function openTelemetry({
  plan,
  clock,
  slot,
  warn,
}: TelemetryParts): Promise<Telemetry> {
  const report = (error: unknown): void => {
    if (error === undefined) warn('spans are exported again', {})
    else warn('spans cannot be exported', { error: String(error) })
  }
  return { traces: plan.traces && (await openTraces(plan.traces, clock, slot, report)) }
}

/** Most ms that a close waits for what is still to be told. */
const flushWithin = 2_000

/** Tells what is left to tell; gives up after two seconds, or at `deadline`. */
export async function closeTelemetry(telemetry: Telemetry, deadline: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, flushWithin)
  })
  await Promise.race([telemetry.traces?.close(), late, deadline])
  telemetry.traces?.giveUp()
  clearTimeout(timer)
}
