/**
 * What of a store new code would not load (D9): told before a deployment, from the states and the
 * waiting work themselves. Migrations run in memory; nothing is written.
 *
 * Findings are collected by what they are, with a count and a few examples: one forgotten line of an
 * app may concern a million actors.
 */
import type { ActorDefinition } from '../../actors/actor.ts'
import type { App } from '../../actors/app.ts'
import { durableHookOf } from '../../actors/cell/durable-hooks.ts'
import {
  type OldMessage,
  payloadVersion,
  presentName,
  presentPayload,
  presentState,
} from '../../actors/cell/present.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { aFunction, aSignal, checkOptions } from '../../mailbox/options.ts'
import { isDamage } from '../../persistence/decode.ts'
import { type StoredActor, storedActors } from '../../persistence/replay/stored-actors.ts'
import { openSqliteReader } from '../../persistence/sqlite/sqlite-store.ts'

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

/** What a check found. */
export interface CheckReport {
  /** The store's newest position when it began. */
  readonly position: number
  /** With a state, or with work that waits. */
  readonly actors: number
  /** Waiting, stashed ones included. */
  readonly messages: number
  readonly timers: number
  readonly findings: readonly Finding[]
  /** Nothing is a problem. */
  readonly ok: boolean
}

/** How a check goes. */
export interface CheckOptions {
  /** Called now and then, with actors. */
  readonly progress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

/** Actors named in a finding. */
const examplesKept = 3

/**
 * Looks at every actor of a store with the definitions of an app.
 *
 * @param file may be in use
 * @throws STORE_NEWER, STORE_READONLY, STORE_CORRUPT, OPTION_INVALID; the signal's reason when it aborts
 */
export async function checkStore(
  file: string,
  app: App,
  options: CheckOptions = {},
): Promise<CheckReport> {
  checkOptions('checkStore', options, { progress: aFunction, signal: aSignal })
  const { history, medium, close } = openSqliteReader(file)
  try {
    const position = medium.position
    const check = new Check(app, (actor) => medium.actorNo(actor) !== undefined)
    for await (const actor of storedActors(history, medium, options)) await check.actor(actor)
    return check.report(position)
  } finally {
    close()
  }
}

/** What one waiting thing is, for a finding. */
interface Waiting extends OldMessage {
  readonly of: 'message' | 'timer'
}

class Check {
  readonly #app: App
  readonly #isKnown: (actor: string) => boolean
  readonly #findings = new Map<string, Finding>()
  #actors = 0
  #messages = 0
  #timers = 0

  constructor(app: App, isKnown: (actor: string) => boolean) {
    this.#app = app
    this.#isKnown = isKnown
  }

  report(position: number): CheckReport {
    const findings = [...this.#findings.values()].sort(
      (a, b) => Number(b.isProblem) - Number(a.isProblem),
    )
    return {
      position,
      actors: this.#actors,
      messages: this.#messages,
      timers: this.#timers,
      findings,
      ok: findings.every(({ isProblem }) => !isProblem),
    }
  }

  async actor(stored: StoredActor): Promise<void> {
    const type = stored.actor.slice(0, stored.actor.indexOf('/'))
    const about = { type, of: 'actor', actor: stored.actor } as const
    const present = this.#app.renamed.get(type) ?? type
    const definition = this.#app.actors.get(present)
    let waiting = 0
    for (const message of stored.messages) {
      waiting += 1
      if (isDamage(message)) this.#found('damaged', { ...about, of: 'message' }, message.detail)
      else if (definition !== undefined) {
        await this.#waiting(definition, stored.actor, type, { ...message, of: 'message' })
      }
    }
    const { state, damage, timers, subscriptions } = stored
    this.#messages += waiting
    this.#timers += timers.length
    const isEmpty = state === undefined && damage === undefined && waiting + timers.length === 0
    if (isEmpty && subscriptions.length === 0) return
    this.#actors += 1
    if (definition === undefined) return this.#unknown(about, waiting, timers.length)
    if (present !== type && this.#isKnown(present + stored.actor.slice(type.length))) {
      this.#found('renamed-twice', about, `there are actors of type "${present}" by the same key`)
    }
    if (definition.behavior.durable !== true) {
      return this.#found('not-durable', about, `"${present}" is not durable any more`)
    }
    this.#state(definition, stored, about)
    for (const timer of timers) {
      if (timer.damage !== undefined) {
        this.#found('damaged', { ...about, of: 'timer' }, timer.damage.detail)
      } else await this.#waiting(definition, stored.actor, type, { ...timer, of: 'timer' })
    }
    for (const { name } of subscriptions) {
      this.#handler(definition, { ...about, of: 'subscription', name })
    }
  }

  #unknown(about: About, waiting: number, timers: number): void {
    const isRemoved = this.#app.removed.has(about.type)
    const work = `${waiting} messages and ${timers} timers wait for the first`
    if (isRemoved) this.#found('removed-type', about, `${work}; its type is listed as removed`)
    else this.#found('no-definition', about, `its type is not in the app; ${work}`)
  }

  #state(definition: ActorDefinition, { actor, state, damage }: StoredActor, about: About): void {
    if (damage !== undefined) return this.#found('damaged', about, damage.detail)
    if (state === undefined) return
    try {
      presentState(actor, definition, state.value, state.version)
    } catch (error) {
      this.#refused({ ...about, version: state.version }, error)
    }
  }

  async #waiting(
    definition: ActorDefinition,
    actor: string,
    type: string,
    waiting: Waiting,
  ): Promise<void> {
    const about = { type, actor, of: waiting.of, name: waiting.name }
    if (!this.#handler(definition, about)) return
    try {
      const payload = presentPayload(definition, actor, waiting)
      await this.#schema(definition, waiting, payload, about)
    } catch (error) {
      this.#refused({ ...about, version: waiting.version }, error)
    }
  }

  /** False when there is none, which is found here. */
  #handler(definition: ActorDefinition, about: About): boolean {
    const { name = '' } = about
    const present = presentName(definition, name)
    if (definition.on.has(present) || durableHookOf(definition, present) !== undefined) return true
    if (definition.past.removed.has(name)) {
      this.#found('removed-handler', about, `"${name}" is listed as removed`)
    } else this.#found('no-handler', about, `there is no handler "${present}"`)
    return false
  }

  /**
   * What was published is checked when it arrives, and is set aside then. Anything else was checked
   * before it was sent, and is as its schema left it: one that transforms may not take it again.
   */
  async #schema(
    definition: ActorDefinition,
    waiting: Waiting,
    payload: unknown,
    about: About,
  ): Promise<void> {
    const schema = definition.contract.messages[presentName(definition, waiting.name)]?.input
    if (schema === undefined || waiting.payload === undefined) return
    const isPublished = payloadVersion(definition, waiting) === 0
    const { issues } = await schema['~standard'].validate(payload)
    if (issues === undefined) return
    const why = issues.map(({ message }) => message).join('; ')
    const more = isPublished ? '' : '; its handler gets it all the same'
    this.#found('schema', about, `the payload does not fit its schema: ${why}${more}`, isPublished)
  }

  #refused(about: About, error: unknown): void {
    if (!(error instanceof TroupeError)) throw error
    this.#found(error.code === 'VERSION_NEWER' ? 'newer' : 'migration', about, error.message)
  }

  #found(
    kind: FindingKind,
    { type, of, name, version, actor }: About,
    detail: string,
    isProblem = kind !== 'removed-type' && kind !== 'removed-handler',
  ): void {
    const key = JSON.stringify([kind, isProblem, type, of, name, version])
    const known = this.#findings.get(key)
    const { count = 0, examples = [] } = known ?? {}
    const isNew = examples.length < examplesKept && !examples.includes(actor)
    this.#findings.set(key, {
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

interface About {
  readonly type: string
  readonly of: Finding['of']
  readonly actor: string
  readonly name?: string
  readonly version?: number
}
