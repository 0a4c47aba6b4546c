/**
 * Runs recorded turns again, one at a time, on real cells (R2): today's code, recorded inputs.
 *
 * Owns the way of one turn from its record to the record that it writes now. An actor stays in memory from
 * one turn to the next while it does what it did then; it is loaded afresh where memory would know
 * more than an activation did (steps, a stash, a start hook).
 */
import type { ActorDefinition } from '../../actors/actor.ts'
import type { App } from '../../actors/app.ts'
import type { CellEvent } from '../../actors/cell/ports.ts'
import { envelopeOf } from '../../actors/cell/stored-message.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import type { TroupeError } from '../../mailbox/errors.ts'
import { RecordFlag, RecordKind } from '../../persistence/record.ts'
import type { StoredRecord } from '../../persistence/stored.ts'
import type { SecretsOptions } from '../main/secrets-plan.ts'
import { StoreConnection } from '../peer/store-connection.ts'
import type { FromStore } from '../store/protocol.ts'
import { mainSlot } from '../wire/placement.ts'
import type { RecordedTurn } from './recorded-turn.ts'
import { ReplayPeer } from './replay-peer.ts'
import { ReplayStore } from './replay-store.ts'

/** What became of a turn that was run again. */
export type RerunOutcome =
  | { readonly kind: 'ended'; readonly record: StoredRecord }
  /** The handler threw where the recorded one is retried, not recorded. */
  | { readonly kind: 'threw'; readonly error: unknown }
  /** It makes a call that is not recorded: nothing live is reached (R1). */
  | { readonly kind: 'new-step'; readonly name: string }
  /** It does not make a call that is recorded. */
  | { readonly kind: 'missing-step'; readonly key: string }
  /** It reveals or makes a secret, and its key is not given (R5). */
  | { readonly kind: 'needs-key'; readonly error: TroupeError }
  /** It waits for something that is no step: outside of what can be run again (R2). */
  | { readonly kind: 'waits' }

/** What turns that are run again may use. */
export interface RerunnerOptions {
  /** What handlers find in `ctx.deps`; without it touching them is an error (R1). */
  readonly deps?: unknown
  /** Keys of secrets, for turns that reveal or make some; see `createSystem`. */
  readonly secrets?: SecretsOptions
  /** Called right before a turn is run again, with its handler: for a breakpoint. */
  readonly beforeHandler?: (handler: (...args: never[]) => unknown) => void
  /** Real ms to wait for a turn that seems to wait for nothing recorded; default 1,000. */
  readonly patience?: number
}

export class Rerunner {
  readonly #peer: ReplayPeer
  readonly #store: ReplayStore
  readonly #clock = new VirtualClock(0)
  readonly #patience: number
  #ended: ((outcome: RerunOutcome) => void) | undefined
  #expected: RecordedTurn | undefined

  constructor(app: App, options: RerunnerOptions = {}) {
    this.#patience = options.patience ?? 1_000
    this.#peer = new ReplayPeer(app, options, this.#clock, {
      actors: watched(
        startingOnly(app.actors, () => this.#expected?.message === undefined),
        options.beforeHandler,
      ),
      event: (event) => this.#event(event),
    })
    let receive: (message: FromStore) => void = () => undefined
    this.#store = new ReplayStore(
      (message) => receive(message),
      (record) => this.#written(record),
    )
    const identity = { slot: mainSlot, epoch: 1, position: 0 }
    const connection = new StoreConnection(this.#peer, this.#store, identity)
    receive = (message) => connection.receive(message)
  }

  /** Runs one turn again. Turns of one actor come in their order. */
  async run(turn: RecordedTurn): Promise<RerunOutcome> {
    const { record } = turn
    this.#expected = turn
    this.#clock.jump(record.time - this.#clock.wall())
    this.#peer.script = turn.script
    const outcome = await this.#outcome(turn)
    this.#expected = undefined
    if (!this.#mayStay(turn, outcome)) this.forget(record.actor)
    return outcome
  }

  #outcome(turn: RecordedTurn): Promise<RerunOutcome> {
    return new Promise((resolve) => {
      const impatient = setTimeout(() => this.#ended?.(this.#stuck(turn)), this.#patience)
      this.#ended = (outcome) => {
        clearTimeout(impatient)
        this.#ended = undefined
        resolve(outcome)
      }
      this.#begin(turn)
    })
  }

  #begin({ record, message, loaded }: RecordedTurn): void {
    const { actor } = record
    const here = this.#peer.residents.get(actor)
    if (here !== undefined && message !== undefined && loaded.steps.length === 0) {
      const { definition } = here
      return this.#peer.routing.arrived(envelopeOf(message, definition, actor, this.#peer))
    }
    this.forget(actor)
    this.#store.loaded = loaded
    this.#peer.signalled(actor, { kind: 'wake' })
  }

  #stuck({ script }: RecordedTurn): RerunOutcome {
    const { missing } = script
    return missing === undefined ? { kind: 'waits' } : { kind: 'missing-step', key: missing }
  }

  #written(record: StoredRecord): void {
    if (record.actor !== this.#expected?.record.actor) return
    if (record.kind === RecordKind.stepBegun) {
      return this.#ended?.({ kind: 'new-step', name: record.name })
    }
    const ends = record.kind === RecordKind.turn || record.kind === RecordKind.parked
    if (ends) this.#ended?.({ kind: 'ended', record })
  }

  #event(event: CellEvent): void {
    if (event.event !== 'turn-failed' || event.actor !== this.#expected?.record.actor) return
    const { error } = event
    const ended = this.#ended
    // A failure that an asker gets, or that is final, is a record: it comes with the slice's frame.
    setImmediate(() =>
      setImmediate(() => this.#ended === ended && ended?.({ kind: 'threw', error })),
    )
  }

  #mayStay({ message }: RecordedTurn, outcome: RerunOutcome): boolean {
    if (message === undefined || outcome.kind !== 'ended') return false
    const { flags, kind } = outcome.record
    return kind === RecordKind.turn && (flags & (RecordFlag.stash | RecordFlag.unstash)) === 0
  }

  /** Its next turn is not the one after the last that ran: it is loaded afresh. */
  forget(actor: string): void {
    const cell = this.#peer.residents.get(actor)
    if (cell === undefined) return
    cell.phase = 'gone'
    this.#peer.forget(cell)
  }
}

/** A start hook runs only where its turn is the recorded one. */
function startingOnly(
  actors: ReadonlyMap<string, ActorDefinition>,
  isWanted: () => boolean,
): ReadonlyMap<string, ActorDefinition> {
  return new Map(
    [...actors].map(([type, definition]) => {
      const { onStart, ...behavior } = definition.behavior
      if (onStart === undefined) return [type, definition]
      const hook: typeof onStart = (ctx) => (isWanted() ? onStart(ctx) : undefined)
      return [type, { ...definition, behavior: { ...behavior, onStart: hook } }]
    }),
  )
}

function watched(
  actors: ReadonlyMap<string, ActorDefinition>,
  before: RerunnerOptions['beforeHandler'],
): ReadonlyMap<string, ActorDefinition> {
  if (before === undefined) return actors
  return new Map(
    [...actors].map(([type, definition]) => {
      const on = [...definition.on].map(([name, handler]) => {
        const watching: typeof handler = (ctx, payload) => {
          before(handler)
          return handler(ctx, payload)
        }
        return [name, watching] as const
      })
      return [type, { ...definition, on: new Map(on) }]
    }),
  )
}
