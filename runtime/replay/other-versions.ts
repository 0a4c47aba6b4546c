/** What other versions of the code recorded is theirs: not run again, and counted (D9). */
import type { ActorDefinition } from '../../actors/actor.ts'
import { payloadVersion } from '../../actors/cell/present.ts'
import type { RecordedTurn } from './recorded-turn.ts'

/** Turns that were recorded by another version of their actor or message, and were not run again (D9). */
export interface OtherVersion {
  readonly type: string
  /** The message whose payload has another version; absent where the state has. */
  readonly message?: string
  readonly recorded: number
  /** The version that the code has. */
  readonly present: number
  readonly turns: number
}

/** Whether it was handled as it came, or as a migration of then made it, no record says. */
export function otherPayload(
  definition: ActorDefinition,
  type: string,
  { message }: Pick<RecordedTurn, 'message'>,
): Omit<OtherVersion, 'turns'> | undefined {
  if (message === undefined) return undefined
  const present = payloadVersion(definition, message)
  const recorded = Math.max(1, message.version)
  if (present === 0 || present === recorded) return undefined
  return { type, message: message.name, recorded, present }
}

/** By what they are, with how many turns of each. */
export class OtherVersions {
  readonly #found = new Map<string, OtherVersion>()

  add(one: Omit<OtherVersion, 'turns'>): void {
    const key = JSON.stringify(one)
    this.#found.set(key, { ...one, turns: (this.#found.get(key)?.turns ?? 0) + 1 })
  }

  get list(): OtherVersion[] {
    return [...this.#found.values()]
  }
}
