/**
 * What the runtime of a test system wants to do soon, counted, so that a test can wait for the end of
 * it. With a schedule each thing waits as many turns of the event loop as its seed says.
 */
import type { Schedule } from './schedule.ts'

export class Work {
  readonly #schedule: Schedule | undefined
  #waiting = 0

  constructor(schedule?: Schedule) {
    this.#schedule = schedule
  }

  soon(run: () => void): void {
    this.#waiting += 1
    this.#after(this.#schedule?.hop() ?? 1, run)
  }

  #after(turns: number, run: () => void): void {
    setImmediate(() => {
      if (turns > 1) return this.#after(turns - 1, run)
      this.#waiting -= 1
      run()
    })
  }

  /** True when things take as long as a seed says. */
  get isScheduled(): boolean {
    return this.#schedule !== undefined
  }

  /** A turn of the event loop settles all promises of user code that wait for nothing outside. */
  async settle(): Promise<void> {
    for (let idle = 0; idle < 2; idle = this.#waiting === 0 ? idle + 1 : 0) {
      await new Promise<void>((resolve) => void setImmediate(resolve))
    }
  }
}
