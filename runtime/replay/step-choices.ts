/**
 * For each call out of a turn of a fork: its recorded answer, the call itself, a stub or a failure (R1).
 *
 * Without a choice an effect is answered from the record or refused, never made. An ask of a volatile
 * actor is answered from the record or asked: it stays within the fork.
 */
import type { EffectChoices, OutgoingCall } from '../../actors/cell/effect-choices.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { nearest } from '../../mailbox/options.ts'
import type { Settled } from '../../mailbox/outcome.ts'
import { copyEncodable } from '../../persistence/copy.ts'
import type { RecordedSteps } from './recorded-steps.ts'

/** What becomes of the calls of one name. */
export type StepChoice = 'recorded' | 'live' | 'fail' | { readonly stub: unknown }

/** How often the calls of one name ended in each way. */
export interface StepCounts {
  readonly name: string
  readonly recorded: number
  readonly live: number
  readonly stub: number
  readonly fail: number
  /** Neither recorded with that input nor chosen: the call was not made and threw REPLAY_LIVE. */
  readonly refused: number
}

type Way = Exclude<keyof StepCounts, 'name'>

export class StepChoices implements EffectChoices {
  readonly #choices: ReadonlyMap<string, StepChoice>
  readonly #recorded: RecordedSteps
  readonly #counts = new Map<string, Record<Way, number>>()

  /**
   * @param choices by name of the effect, or `type.message` for an ask of a volatile actor
   * @throws OPTION_INVALID for what is no choice
   */
  constructor(choices: Readonly<Record<string, StepChoice>>, recorded: RecordedSteps) {
    for (const [name, choice] of Object.entries(choices)) checkChoice(name, choice)
    this.#choices = new Map(Object.entries(choices))
    this.#recorded = recorded
  }

  /** What was called, by name. */
  get counts(): readonly StepCounts[] {
    return [...this.#counts].map(([name, counts]) => ({ name, ...counts }))
  }

  /** Names that were chosen for and never called, perhaps misspelt; with the nearest that was. */
  get unused(): readonly { readonly name: string; readonly near: string | undefined }[] {
    const names = [...this.#choices.keys()].filter((name) => !this.#counts.has(name))
    return names.map((name) => ({ name, near: nearest(name, this.#counts.keys()) }))
  }

  instead(call: OutgoingCall): (() => unknown) | undefined {
    const { label, isAsk, isKept } = call
    if (isKept) return undefined
    const choice = this.#choices.get(label)
    if (choice === 'live') return this.#counted(label, 'live', undefined)
    if (choice === 'fail') return this.#counted(label, 'fail', () => fail(call))
    if (typeof choice === 'object') {
      return this.#counted(label, 'stub', () => copyEncodable(choice.stub))
    }
    const answer = this.#recorded.take(call.actor, label, call.inputHash)
    if (answer !== undefined) return this.#counted(label, 'recorded', () => given(answer))
    if (isAsk && choice === undefined) return this.#counted(label, 'live', undefined)
    return this.#counted(label, 'refused', () => refuse(call))
  }

  #counted<T>(name: string, way: Way, result: T): T {
    const counts = this.#counts.get(name) ?? { recorded: 0, live: 0, stub: 0, fail: 0, refused: 0 }
    counts[way] += 1
    this.#counts.set(name, counts)
    return result
  }
}

function checkChoice(name: string, choice: unknown): void {
  if (choice === 'recorded' || choice === 'live' || choice === 'fail') return
  if (typeof choice === 'object' && choice !== null && 'stub' in choice) return
  throw new TroupeError(
    'OPTION_INVALID',
    `steps: "${name}" must be "recorded", "live", "fail" or { stub: value }`,
    { fields: { step: name } },
  )
}

function given(answer: Settled): unknown {
  if (answer.ok) return answer.value
  throw answer.error
}

function fail({ actor, label }: OutgoingCall): never {
  throw new TroupeError('ACTOR_FAILED', `${actor}: "${label}" fails, as was chosen`)
}

function refuse({ actor, label }: OutgoingCall): never {
  throw new TroupeError(
    'REPLAY_LIVE',
    `${actor}: "${label}" is not recorded with this input, and nothing live is done unless it is chosen (R1): "live", a stub or "fail"`,
    { fields: { actor, step: label } },
  )
}
