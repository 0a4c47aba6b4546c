/** Time around a piece of work. */
import { Latency } from '../runtime/bench/latency.ts'
import type { Round } from './bench-case.ts'

/** How many per second. */
export async function rate(count: number, work: () => unknown): Promise<number> {
  const start = performance.now()
  await work()
  return count / ((performance.now() - start) / 1_000)
}

/** The same thing again and again, each alone: its figure is the median in ms. */
export async function latencies(count: number, once: () => Promise<unknown>): Promise<Round> {
  const latency = new Latency()
  for (let i = 0; i < count; i += 1) {
    const start = performance.now()
    await once()
    latency.record(performance.now() - start)
  }
  return { figure: latency.percentile(50), latency }
}

export function must(condition: boolean, why: () => string): void {
  if (!condition) throw new Error(why())
}
