/**
 * What work takes of the machine: CPU time and garbage collection of all threads of this process, delay
 * of the main thread's event loop, peak memory.
 *
 * A thread's collector can only be watched from inside of it: threads that start after
 * {@link Meters.install} load `meter.ts` by Node's own option for workers.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setEnvironmentData } from 'node:worker_threads'
import type { Usage } from './report.ts'

const nanosecondsPerMs = 1_000_000
/** Ms between two looks at the event loop; a look is late by the delay that is measured. */
const resolution = 10

export class Meters {
  readonly #gc: BigInt64Array
  readonly #options: string | undefined
  readonly #delay: ReturnType<typeof monitorEventLoopDelay> | undefined
  #cpu = process.cpuUsage()
  #gcBefore = 0n

  private constructor(
    gc: BigInt64Array,
    delay: ReturnType<typeof monitorEventLoopDelay> | undefined,
    options: string | undefined,
  ) {
    this.#gc = gc
    this.#delay = delay
    this.#options = options
  }

  /**
   * From now on every new thread is watched.
   * @param quiet do not watch the event loop: looking wakes it a hundred times a second
   */
  static async install(quiet = false): Promise<Meters> {
    const gc = new BigInt64Array(new SharedArrayBuffer(8))
    setEnvironmentData('troupe.bench.gc', gc.buffer as never)
    const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
    const meter = new URL(`./meter${extension}`, import.meta.url).href
    const options = process.env['NODE_OPTIONS']
    process.env['NODE_OPTIONS'] = `${options ?? ''} --import=${meter}`.trim()
    await import(meter)
    return new Meters(gc, quiet ? undefined : monitorEventLoopDelay({ resolution }), options)
  }

  begin(): void {
    this.#cpu = process.cpuUsage()
    this.#gcBefore = Atomics.load(this.#gc, 0)
    this.#delay?.reset()
    this.#delay?.enable()
  }

  /** What was taken since `begin`. */
  end(): Usage {
    const { user, system } = process.cpuUsage(this.#cpu)
    const gc = Number(Atomics.load(this.#gc, 0) - this.#gcBefore)
    this.#delay?.disable()
    return {
      cpuSeconds: (user + system) / 1_000_000,
      gcMs: gc / nanosecondsPerMs,
      ...(this.#delay !== undefined && { delayP99: this.#delayP99(this.#delay) }),
    }
  }

  /** Threads that start from now on are not watched. */
  close(): void {
    if (this.#options === undefined) delete process.env['NODE_OPTIONS']
    else process.env['NODE_OPTIONS'] = this.#options
  }

  /** Nothing is seen of a round that is shorter than a look. */
  #delayP99(delay: ReturnType<typeof monitorEventLoopDelay>): number {
    if (delay.count === 0) return 0
    return Math.max(0, delay.percentile(99) / nanosecondsPerMs - resolution)
  }
}

/** Highest resident memory of this process so far, in bytes. */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS * 1024
}
