/**
 * Loaded into every thread of a measured process by {@link Meters}: adds the time that its garbage
 * collector takes to a sum in shared memory. It sends nothing and wakes nobody.
 */
import { PerformanceObserver } from 'node:perf_hooks'
import { getEnvironmentData } from 'node:worker_threads'

const shared = getEnvironmentData('troupe.bench.gc')
if (shared instanceof SharedArrayBuffer) {
  const sum = new BigInt64Array(shared)
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      Atomics.add(sum, 0, BigInt(Math.round(duration * 1_000_000)))
    }
  }).observe({ entryTypes: ['gc'] })
}
