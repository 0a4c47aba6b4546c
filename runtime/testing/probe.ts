/**
 * A probe stands in for an actor of the app: the test sees what it is sent and answers by hand.
 *
 * Its messages come one at a time, as to any actor (T1): one that was asked holds the others until the
 * test has answered.
 */
import { type ActorDefinition, actor } from '../../actors/actor.ts'
import type { App } from '../../actors/app.ts'
import type { VolatileTurn } from '../../actors/cell/volatile-turn.ts'
import type { Contract, Messages } from '../../actors/contract.ts'
import type { ReceivedOf, ReplyOf } from '../../actors/message.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { nearest } from '../../mailbox/options.ts'
import type { TestTime } from './test-time.ts'

/** A message that a probe got. */
export interface Received<Payload = unknown, Reply = unknown> {
  readonly name: string
  readonly payload: Payload
  /** Sender, `type/key`, or empty from outside. */
  readonly from: string
  /** Somebody waits for an answer. */
  readonly isAsked: boolean
  /** Answers, once; does nothing for a tell. */
  reply(value: Reply): void
  /** Answers with a failure, once. */
  fail(error: unknown): void
}

/** The test’s hand on an actor that it plays itself; made by `system.probe`. */
export class Probe<M extends Messages = Messages> {
  /** `type/key`. */
  readonly id: string
  /** Everything it got that was not yet expected, oldest first. */
  readonly received: Received[] = []
  readonly #time: TestTime

  /** Use `system.probe`. */
  constructor(id: string, time: TestTime) {
    this.id = id
    this.#time = time
  }

  /**
   * The next message of this name.
   * @param within ms of the test's time to wait; default 0: what can happen without time passing
   * @throws NOT_OBSERVED
   */
  async expect<K extends keyof M & string>(
    name: K,
    { within = 0 }: { readonly within?: number } = {},
  ): Promise<Received<ReceivedOf<M[K]>, ReplyOf<M[K]>>> {
    const found = await this.#time.until(() => this.#take(name), within)
    if (found === undefined) throw this.#notGot(name, within)
    return found as Received<ReceivedOf<M[K]>, ReplyOf<M[K]>>
  }

  #take(name: string): Received | undefined {
    const at = this.received.findIndex((message) => message.name === name)
    return at < 0 ? undefined : this.received.splice(at, 1)[0]
  }

  #notGot(name: string, within: number): TroupeError {
    const got = this.received.map((message) => message.name).join(', ') || 'nothing'
    return new TroupeError(
      'NOT_OBSERVED',
      `probe ${this.id}: expected "${name}" within ${within} ms of the test's time, got ${got}`,
    )
  }
}

/** All probes of a test system. */
export class Probes {
  readonly #contracts: ReadonlyMap<string, Contract>
  readonly #probes = new Map<string, Probe>()
  readonly #time: TestTime

  constructor(contracts: readonly Contract[], time: TestTime) {
    this.#contracts = new Map(contracts.map((contract) => [contract.type, contract]))
    this.#time = time
  }

  /** The app with probes in place of the actors of these types; types it lacks are added. */
  within(app: App): App {
    const actors = new Map(app.actors)
    for (const [type, contract] of this.#contracts) actors.set(type, this.#standIn(contract))
    return { ...app, actors }
  }

  /** @throws OPTION_INVALID for a type that has no probes */
  get<M extends Messages>(contract: Contract<M>, key: string): Probe<M> {
    if (!this.#contracts.has(contract.type)) throw noProbes(contract.type, this.#contracts.keys())
    return this.#at(`${contract.type}/${key}`) as unknown as Probe<M>
  }

  #at(id: string): Probe {
    const probe = this.#probes.get(id) ?? new Probe(id, this.#time)
    this.#probes.set(id, probe)
    return probe
  }

  #standIn(contract: Contract): ActorDefinition {
    const names = Object.keys(contract.messages)
    const on = Object.fromEntries(
      names.map((name) => [
        name,
        (ctx: unknown, payload: unknown) => this.#got(ctx as VolatileTurn, name, payload),
      ]),
    )
    // What a test answers with `fail` is the asker's affair: the probe itself goes on.
    const behavior = { on, supervision: { decide: () => 'resume' } }
    return actor(contract, behavior as Parameters<typeof actor>[1]) as ActorDefinition
  }

  #got(turn: VolatileTurn, name: string, payload: unknown): Promise<unknown> | undefined {
    const isAsked = turn.envelope?.header.reply !== undefined
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#at(turn.cell.id).received.push({
      name,
      payload,
      from: turn.envelope?.from ?? '',
      isAsked,
      reply: resolve,
      fail: reject,
    })
    if (isAsked) return promise
    promise.catch(() => undefined)
    return undefined
  }
}

function noProbes(type: string, known: Iterable<string>): TroupeError {
  const near = nearest(type, known)
  const hint = near === undefined ? '' : `; did you mean "${near}"?`
  return new TroupeError(
    'OPTION_INVALID',
    `probe: "${type}" has no probes; name its contract: createTestSystem(app, { probes: [Contract] })${hint}`,
  )
}
