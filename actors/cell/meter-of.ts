/** What a turn is counted with, for agents and patterns, which know it as `ctx`. */
import type { Meter } from '../meter.ts'
import { Handling } from './handling.ts'

/** Undefined where nothing is counted: without metrics, and when a turn is run again (R1). */
export function meterOf(ctx: object): Meter | undefined {
  return ctx instanceof Handling ? ctx.host.meter : undefined
}
