/** When messages come, and which: sequences that know no clock. */
import { Seeded } from '../../actors/cell/seeded.ts'
import type { LaneName } from '../../mailbox/lane.ts'
import type { CheckedScenario, MixEntry, Phase } from './scenario.ts'

/** One message to be sent. */
export interface Arrival {
  /** Ms after the start at which it is due. */
  readonly at: number
  readonly job: Job
}

/** What a message is, however it came to be sent. */
export interface Job {
  /** Name in the report. */
  readonly name: string
  readonly lane: LaneName
  /** @param n its number within the run */
  readonly send: (n: number) => Promise<unknown>
}

/** Phases one after the other; within each, messages at equal distances. */
export function* steady(phases: readonly Phase[], next: () => Job): Generator<Arrival> {
  let begin = 0
  for (const { duration, rate } of phases) {
    const count = Math.floor((duration / 1_000) * rate)
    for (let i = 0; i < count; i += 1) yield { at: begin + (i * 1_000) / rate, job: next() }
    begin += duration
  }
}

/** Chooses from a mix by weight, the same sequence for the same seed. */
export class MixChoice {
  readonly #random: Seeded
  readonly #jobs: readonly (Job & { readonly upTo: number })[]
  readonly #sum: number

  /** @param send how a call of an entry is made */
  constructor(
    { mix, seed }: Pick<CheckedScenario, 'mix' | 'seed'>,
    send: (entry: MixEntry, n: number, random: () => number) => Promise<unknown>,
  ) {
    this.#random = new Seeded(seed)
    const calls = new Seeded(`${seed} calls`)
    const random = (): number => calls.random()
    let sum = 0
    this.#jobs = mix.map((entry) => {
      sum += entry.weight ?? 1
      return {
        name: entry.name,
        lane: entry.lane ?? 'normal',
        send: (n: number) => send(entry, n, random),
        upTo: sum,
      }
    })
    this.#sum = sum
  }

  next(): Job {
    const point = this.#random.random() * this.#sum
    return this.#jobs.find(({ upTo }) => point < upTo) ?? (this.#jobs.at(-1) as Job)
  }
}
