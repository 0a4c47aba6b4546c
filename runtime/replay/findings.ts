/**
 * What a check found, collected by what it is, with a count and a few examples: one forgotten line of an
 * app may concern a million actors.
 */

/**
 * What is found. `no-definition`: the type is not in the app. `removed-type`: on purpose.
 * `not-durable`: the type's actors are volatile now. `renamed-twice`: the new name is taken.
 * `newer`: a version that the code does not know. `migration`: a gap in the chain, or one that throws.
 * `no-handler`: the message is not in the definition. `removed-handler`: on purpose. `schema`: the
 * payload does not fit its message's schema. `damaged`: it cannot be read.
 */
export type FindingKind =
  | 'no-definition'
  | 'removed-type'
  | 'not-durable'
  | 'renamed-twice'
  | 'newer'
  | 'migration'
  | 'no-handler'
  | 'removed-handler'
  | 'schema'
  | 'damaged'

/** What is the same of one or many actors. */
export interface Finding {
  readonly kind: FindingKind
  /** False for what is on purpose, or may be. */
  readonly isProblem: boolean
  readonly type: string
  /** What it is about. */
  readonly of: 'actor' | 'message' | 'timer' | 'subscription'
  /** Handler, for messages, timers and subscriptions. */
  readonly name?: string
  /** Version of what was recorded, where that matters. */
  readonly version?: number
  /** Of the first. */
  readonly detail: string
  readonly count: number
  /** Actors, the first few. */
  readonly examples: readonly string[]
}

/** Actors named in a finding. */
const examplesKept = 3

/** What a finding is about. */
export interface About {
  readonly type: string
  readonly of: Finding['of']
  readonly actor: string
  readonly name?: string
  readonly version?: number
}

export class Findings {
  readonly #found = new Map<string, Finding>()

  /** Problems first. */
  get all(): readonly Finding[] {
    return [...this.#found.values()].sort((a, b) => Number(b.isProblem) - Number(a.isProblem))
  }

  add(
    kind: FindingKind,
    { type, of, name, version, actor }: About,
    detail: string,
    isProblem = kind !== 'removed-type' && kind !== 'removed-handler',
  ): void {
    const key = JSON.stringify([kind, isProblem, type, of, name, version])
    const known = this.#found.get(key)
    const { count = 0, examples = [] } = known ?? {}
    const isNew = examples.length < examplesKept && !examples.includes(actor)
    this.#found.set(key, {
      kind,
      isProblem,
      type,
      of,
      ...(name !== undefined && { name }),
      ...(version !== undefined && { version }),
      detail: known?.detail ?? detail,
      count: count + 1,
      examples: isNew ? [...examples, actor] : examples,
    })
  }
}
