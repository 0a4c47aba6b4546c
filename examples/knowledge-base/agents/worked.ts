/** Measures what an agent does with a message. */

import { performance } from 'node:perf_hooks'
import type { Worked } from '../contracts.ts'
import type { Deps } from '../deps.ts'

/** The part of `ctx` that is needed here. */
interface Desk {
  readonly deps: Deps
  now(): number
}

export async function worked<T>(ctx: Desk, work: () => Promise<T>): Promise<Worked<T>> {
  const { slot } = ctx.deps
  const startedAt = ctx.now()
  const from = performance.now()
  const value = await work()
  return { value, slot, startedAt, handlingMs: performance.now() - from }
}
