/**
 * Step records of messages that are still pending (D2): what a re-run of the turn is answered from.
 * For a step that is an ask, also where its answer was committed, so that a re-run finds it without
 * a search.
 */
import type { MessageRef } from './record.ts'

export interface Step {
  readonly message: MessageRef
  /** The `stepBegun` or `stepDone` record. */
  readonly position: number
  readonly done: boolean
  /** For a begun ask: the record that consumed it, 0 until then. */
  answer: number
}

export class OpenSteps {
  readonly #byActor = new Map<number, Step[]>()
  /** Begun asks by the position of their record, which is also their message's. */
  readonly #asks = new Map<number, Step>()

  /** Steps of one actor in record order. */
  of(actor: number): readonly Step[] {
    return this.#byActor.get(actor) ?? []
  }

  *all(): Generator<readonly [actor: number, step: Step]> {
    for (const [actor, steps] of this.#byActor) for (const step of steps) yield [actor, step]
  }

  add(actor: number, step: Step, isAsk: boolean): void {
    const own = this.#byActor.get(actor)
    if (own === undefined) this.#byActor.set(actor, [step])
    else own.push(step)
    if (isAsk) this.#asks.set(step.position, step)
  }

  /** The message of the ask begun at `position` was consumed by the record at `by`. */
  answered(position: number, by: number): void {
    const step = this.#asks.get(position)
    if (step !== undefined) step.answer = by
  }

  /** True when the step begun at `position` is an ask. */
  isAsk(position: number): boolean {
    return this.#asks.has(position)
  }

  /** The message was consumed: its steps are history. */
  drop(actor: number, position: number, index: number): void {
    const own = this.#byActor.get(actor)
    if (own === undefined) return
    const gone = (s: Step): boolean => s.message.position === position && s.message.index === index
    for (const step of own) if (gone(step)) this.#asks.delete(step.position)
    const kept = own.filter((step) => !gone(step))
    if (kept.length === 0) this.#byActor.delete(actor)
    else this.#byActor.set(actor, kept)
  }
}
