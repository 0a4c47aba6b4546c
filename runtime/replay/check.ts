/**
 * What of a store new code would not load (D9): told before a deployment, from the states and the
 * waiting work themselves. Migrations run in memory; nothing is written. What is the same of many actors
 * is one finding (`findings.ts`).
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
import { type About, type Finding, Findings } from './findings.ts'

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

type Timer = StoredActor['timers'][number]

class Check {
  readonly #app: App
  readonly #isKnown: (actor: string) => boolean
  readonly #findings = new Findings()
  #actors = 0
  #messages = 0
  #timers = 0

  constructor(app: App, isKnown: (actor: string) => boolean) {
    this.#app = app
    this.#isKnown = isKnown
  }

  report(position: number): CheckReport {
    const findings = this.#findings.all
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
    const waiting = await this.#messagesOf(stored, about, definition)
    const { timers } = stored
    this.#messages += waiting
    this.#timers += timers.length
    if (isEmpty(stored, waiting)) return
    this.#actors += 1
    if (definition === undefined) return this.#unknown(about, waiting, timers.length)
    if (present !== type && this.#isKnown(present + stored.actor.slice(type.length))) {
      const detail = `there are actors of type "${present}" by the same key`
      this.#findings.add('renamed-twice', about, detail)
    }
    if (definition.behavior.durable !== true) {
      return this.#findings.add('not-durable', about, `"${present}" is not durable any more`)
    }
    this.#state(definition, stored, about)
    for (const timer of timers) await this.#timer(definition, timer, about)
    for (const { name } of stored.subscriptions) {
      this.#handler(definition, { ...about, of: 'subscription', name })
    }
  }

  /** How many wait. */
  async #messagesOf(
    { messages }: StoredActor,
    about: About,
    definition: ActorDefinition | undefined,
  ): Promise<number> {
    let waiting = 0
    for (const message of messages) {
      waiting += 1
      if (isDamage(message)) {
        this.#findings.add('damaged', { ...about, of: 'message' }, message.detail)
      } else if (definition !== undefined) {
        await this.#waiting(definition, about, { ...message, of: 'message' })
      }
    }
    return waiting
  }

  async #timer(definition: ActorDefinition, timer: Timer, about: About): Promise<void> {
    if (timer.damage === undefined) {
      return await this.#waiting(definition, about, { ...timer, of: 'timer' })
    }
    this.#findings.add('damaged', { ...about, of: 'timer' }, timer.damage.detail)
  }

  #unknown(about: About, waiting: number, timers: number): void {
    const work = `${waiting} messages and ${timers} timers wait for the first`
    if (this.#app.removed.has(about.type)) {
      return this.#findings.add('removed-type', about, `${work}; its type is listed as removed`)
    }
    this.#findings.add('no-definition', about, `its type is not in the app; ${work}`)
  }

  #state(definition: ActorDefinition, { actor, state, damage }: StoredActor, about: About): void {
    if (damage !== undefined) return this.#findings.add('damaged', about, damage.detail)
    if (state === undefined) return
    try {
      presentState(actor, definition, state.value, state.version)
    } catch (error) {
      this.#refused({ ...about, version: state.version }, error)
    }
  }

  async #waiting(
    definition: ActorDefinition,
    { type, actor }: About,
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
      this.#findings.add('removed-handler', about, `"${name}" is listed as removed`)
    } else this.#findings.add('no-handler', about, `there is no handler "${present}"`)
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
    const detail = `the payload does not fit its schema: ${why}${more}`
    this.#findings.add('schema', about, detail, isPublished)
  }

  #refused(about: About, error: unknown): void {
    if (!(error instanceof TroupeError)) throw error
    this.#findings.add(error.code === 'VERSION_NEWER' ? 'newer' : 'migration', about, error.message)
  }
}

function isEmpty({ state, damage, timers, subscriptions }: StoredActor, waiting: number): boolean {
  const hasState = state !== undefined || damage !== undefined
  return !hasState && waiting + timers.length + subscriptions.length === 0
}
