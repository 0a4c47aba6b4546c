/** Time in a test system: it passes only when the test says so, and everything due on the way happens. */
import type { VirtualClock } from '../../mailbox/clock.ts'
import { shown, TroupeError } from '../../mailbox/errors.ts'
import type { Work } from './work.ts'

export class TestTime {
  readonly clock: VirtualClock
  readonly #work: Work

  constructor(clock: VirtualClock, work: Work) {
    this.clock = clock
    this.#work = work
  }

  settle(): Promise<void> {
    return this.#work.settle()
  }

  /** @throws OPTION_INVALID for a negative or infinite time */
  async advance(ms: number): Promise<void> {
    await this.until(() => undefined, ms)
  }

  /**
   * Lets up to `within` ms pass until `look` finds something, alarm by alarm.
   * @throws OPTION_INVALID for a negative or infinite time
   */
  async until<T>(look: () => T | undefined, within: number): Promise<T | undefined> {
    checkTime(within)
    const { clock } = this
    const end = clock.mono() + within
    await this.settle()
    for (let found = look(); ; found = look()) {
      if (found !== undefined) return found
      if (!clock.step(end - clock.mono())) break
      await this.settle()
    }
    clock.advance(Math.max(0, end - clock.mono()))
    await this.settle()
    return look()
  }
}

function checkTime(ms: unknown): void {
  if (Number.isFinite(ms) && (ms as number) >= 0) return
  throw new TroupeError(
    'OPTION_INVALID',
    `expected a finite number of ms of the test's time, 0 or more, got ${shown(ms)}`,
  )
}
