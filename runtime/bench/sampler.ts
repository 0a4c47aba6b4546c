/**
 * A system looked at four times a second while it is measured: what waits and for how long, how busy its
 * hosts are, what is committed, what memory it takes.
 */
import type { Health } from '../main/health.ts'
import type { System } from '../main/system.ts'
import type { Series } from './report.ts'

/** Ms between two looks. */
const every = 250

interface Sample {
  readonly at: number
  readonly processed: number
  readonly waiting: number
  /** Ms of the oldest waiting message. */
  readonly age: number
  /** Ms for which each host has had nothing to do so far. */
  readonly idle: readonly number[]
  /** Records in the history. */
  readonly position: number
  readonly bytes: number
  readonly memory: number
}

export class Sampler {
  readonly #system: System
  readonly #start = performance.now()
  readonly #samples: Sample[] = []
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()

  constructor(system: System) {
    this.#system = system
  }

  /** The first look is taken when it resolves. */
  async begin(): Promise<void> {
    await this.#look()
    this.#timer = setInterval(() => {
      this.#looking = this.#looking.then(() => this.#look())
    }, every)
  }

  /** The last look is taken when it resolves. */
  async end(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
    await this.#look()
  }

  async #look(): Promise<void> {
    const health = await this.#system.health()
    const { total } = this.#system.stats()
    this.#samples.push({
      at: performance.now() - this.#start,
      processed: total.processed,
      waiting: total.pending + total.inTransit + total.stashed,
      age: ageOf(health),
      idle: health.hosts.map(({ idle }) => idle),
      position: health.store?.position ?? 0,
      bytes: health.store?.bytes ?? 0,
      memory: process.memoryUsage().rss,
    })
  }

  /** From the first look to the last. */
  get totals(): { readonly records: number; readonly bytes: number; readonly hostUse: number } {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (first === undefined || last === undefined) return { records: 0, bytes: 0, hostUse: 0 }
    return {
      records: last.position - first.position,
      bytes: last.bytes - first.bytes,
      hostUse: useBetween(first, last),
    }
  }

  get series(): readonly Series[] {
    const all = this.#samples
    const times = all.map(({ at }) => at)
    const series = (name: string, unit: string, pick: (sample: Sample) => number): Series => ({
      name,
      unit,
      times,
      values: all.map(pick),
    })
    /** Of what only grows, and of what lies between two looks. */
    const between = (
      name: string,
      unit: string,
      pick: (sample: Sample, before: Sample) => number,
    ): Series => ({
      name,
      unit,
      times: times.slice(1),
      values: all.slice(1).map((sample, i) => pick(sample, all[i] as Sample)),
    })
    return [
      between('turns', 'turns/s', (now, before) => rate(now, before, 'processed')),
      series('messages waiting', 'messages', ({ waiting }) => waiting),
      series('age of the oldest waiting message', 'ms', ({ age }) => age),
      between('use of the hosts', '%', (now, before) => useBetween(before, now)),
      between('records committed', 'records/s', (now, before) => rate(now, before, 'position')),
      series('resident memory', 'MiB', ({ memory }) => memory / 2 ** 20),
    ]
  }
}

function rate(now: Sample, before: Sample, what: 'processed' | 'position'): number {
  return ((now[what] - before[what]) * 1_000) / (now.at - before.at)
}

/** Percent of the time in which hosts had something to do, on average. */
function useBetween(before: Sample, now: Sample): number {
  if (now.idle.length === 0) return 0
  const idle = now.idle.reduce((sum, ms, i) => sum + ms - (before.idle[i] ?? 0), 0)
  const share = 1 - idle / now.idle.length / (now.at - before.at)
  return Math.min(100, Math.max(0, share * 100))
}

function ageOf({ oldestWaiting, oldestStored, hosts }: Health): number {
  const ages = [oldestWaiting, oldestStored, ...hosts.map((host) => host.oldestWaiting)]
  return Math.max(0, ...ages.map((age) => age ?? 0))
}
