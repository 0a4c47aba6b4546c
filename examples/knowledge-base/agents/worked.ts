/**
 * What an agent does with a message, measured: one effect, so that its result is in the history and the
 * message can be handled again without a model or an index.
 */

import { performance } from 'node:perf_hooks'
import type { Worked } from '../contracts.ts'
import type { Deps } from '../deps.ts'

/** The part of `ctx` that is needed here. */
interface Desk {
  readonly deps: Deps
  readonly message: { readonly name: string }
  now(): number
  effect<T>(name: string, input: unknown, fn: () => Promise<T>): Promise<T>
}

/** @param input what the work depends on */
export async function worked<T>(
  ctx: Desk,
  input: unknown,
  work: () => Promise<T>,
): Promise<Worked<T>> {
  return await ctx.effect(ctx.message.name, input, async () => {
    const { slot } = ctx.deps
    const startedAt = ctx.now()
    const from = performance.now()
    const value = await work()
    return { value, slot, startedAt, handlingMs: performance.now() - from }
  })
}
