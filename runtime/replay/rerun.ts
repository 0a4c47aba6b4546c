/**
 * `rerun`: a recorded history against today's code. Each actor's turns are run again in order, up to the
 * first that does something else (R2). No live effect is reached (R1).
 */

import type { ActorDefinition } from '../../actors/actor.ts'
import type { App } from '../../actors/app.ts'
import { typeOf } from '../../mailbox/address.ts'
import { shown, TroupeError } from '../../mailbox/errors.ts'
import {
  aFunction,
  anInteger,
  anObject,
  aSignal,
  aText,
  checkOptions,
} from '../../mailbox/options.ts'
import { isDamage } from '../../persistence/decode.ts'
import type { HistoryReader } from '../../persistence/history-reader.ts'
import type { StoredRecord } from '../../persistence/stored.ts'
import { type Divergence, divergence, judge } from './divergence.ts'
import { type OtherVersion, OtherVersions, otherPayload } from './other-versions.ts'
import { endsTurn, type RecordedTurn, recordedTurn } from './recorded-turn.ts'
import { Rerunner, type RerunnerOptions } from './rerunner.ts'
import { VolatileRerunner } from './volatile-rerunner.ts'
import { VolatileTurns } from './volatile-turns.ts'

/** Which turns to run again, and with what. */
export interface RerunOptions extends RerunnerOptions {
  /** One actor, `type/key`; absent for all. */
  readonly actor?: string
  /** Positions of the history, inclusive. Default: all. */
  readonly from?: number
  readonly to?: number
  /** Called after each turn, for progress. */
  readonly onTurn?: (position: number) => void
  readonly signal?: AbortSignal
}

/** What came of running turns again. */
export interface RerunReport {
  /** Turns that were run again. */
  readonly turns: number
  /** Actors that they belong to. */
  readonly actors: number
  /** At most one for each actor. */
  readonly divergences: readonly Divergence[]
  /** What other versions did is theirs: such turns are counted, and neither the same nor different. */
  readonly otherVersions: readonly OtherVersion[]
  /** Volatile actors that were recorded in full, but not from their start on: they were not run again. */
  readonly unstarted: readonly string[]
}

const checks = {
  actor: aText,
  from: anInteger(0),
  to: anInteger(0),
  deps: () => undefined,
  secrets: anObject,
  beforeHandler: aFunction,
  patience: anInteger(0),
  onTurn: aFunction,
  signal: aSignal,
}

/**
 * Runs recorded turns of durable actors again, and those of volatile ones that were recorded in full.
 *
 * @param app with today's code; types that are not in it diverge as `no-definition`
 * @throws OPTION_INVALID; the signal's reason when it aborts
 */
export async function rerun(
  reader: HistoryReader,
  app: App,
  options: RerunOptions = {},
): Promise<RerunReport> {
  checkOptions('rerun', options, checks)
  refuseUnknown(reader, options.actor)
  const run = new Run(reader, app, options)
  await run.durable()
  await run.volatile()
  return run.report
}

/** One run over a history: its durable turns, then its volatile ones. */
class Run {
  readonly #reader: HistoryReader
  readonly #app: App
  readonly #options: RerunOptions
  readonly #seen = new Set<string>()
  readonly #diverged = new Map<string, Divergence>()
  readonly #others = new OtherVersions()
  readonly #volatileTurns = new VolatileTurns()
  #turns = 0

  constructor(reader: HistoryReader, app: App, options: RerunOptions) {
    this.#reader = reader
    this.#app = app
    this.#options = options
  }

  get report(): RerunReport {
    return {
      unstarted: this.#volatileTurns.unstarted,
      turns: this.#turns,
      actors: this.#seen.size,
      divergences: [...this.#diverged.values()],
      otherVersions: this.#others.list,
    }
  }

  async durable(): Promise<void> {
    const rerunner = new Rerunner(this.#app, this.#options)
    for (const record of turnsIn(this.#reader, this.#options)) {
      this.#options.signal?.throwIfAborted()
      if (this.#diverged.has(record.actor)) continue
      const run = prepared(this.#reader, this.#app, record)
      if ('present' in run) {
        this.#others.add(run)
        rerunner.forget(record.actor)
        continue
      }
      this.#ran(record, 'kind' in run ? run : judge(run, await rerunner.run(run)))
    }
  }

  /** Those before the first position asked for are run too, to have the state of then, and not judged. */
  async volatile(): Promise<void> {
    const { signal, from = 1, to = this.#reader.position } = this.#options
    const rerunner = new VolatileRerunner(this.#app, this.#options)
    for (const turn of this.#volatileTurns.read(this.#reader, this.#options)) {
      signal?.throwIfAborted()
      const { taken } = turn
      if (this.#diverged.has(taken.actor) || taken.position > to) continue
      const definition = definitionOf(this.#app, taken.actor)
      if (definition === undefined || definition.behavior.record !== 'full') continue
      const cause = await rerunner.run(turn)
      if (taken.position < from) continue
      const other = otherPayload(definition, typeOf(taken.actor), turn)
      if (other === undefined) this.#ran({ ...taken, turn: turn.number }, cause)
      else this.#others.add(other)
    }
  }

  #ran(record: StoredRecord, cause: Divergence['cause'] | undefined): void {
    this.#seen.add(record.actor)
    this.#turns += 1
    if (cause !== undefined) this.#diverged.set(record.actor, divergence(record, cause))
    this.#options.onTurn?.(record.position)
  }
}

/** A misspelt actor must not pass as one that does what it did. */
function refuseUnknown(reader: HistoryReader, actor: string | undefined): void {
  if (actor === undefined || reader.latest(actor, reader.position) !== 0) return
  throw new TroupeError('OPTION_INVALID', `rerun: the history has no record of ${shown(actor)}`)
}

function* turnsIn(
  reader: HistoryReader,
  { actor, from = 1, to = reader.position }: RerunOptions,
): Generator<StoredRecord> {
  for (let position = Math.max(1, from); position <= Math.min(to, reader.position); position += 1) {
    const record = reader.record(position)
    if (record === undefined || isDamage(record) || !endsTurn(record)) continue
    if (actor === undefined || record.actor === actor) yield record
  }
}

/** A turn to run, why it cannot be, or by which other version it was recorded. */
function prepared(
  reader: HistoryReader,
  app: App,
  record: StoredRecord,
): RecordedTurn | Divergence['cause'] | Omit<OtherVersion, 'turns'> {
  const type = typeOf(record.actor)
  const definition = definitionOf(app, record.actor)
  if (definition === undefined) return { kind: 'no-definition' }
  const present = definition.past.state.version
  const recorded = Math.max(1, record.version)
  if (recorded !== present) return { type, recorded, present }
  const turn = recordedTurn(reader, record)
  if (isDamage(turn)) return { kind: 'damaged', damage: turn }
  return otherPayload(definition, type, turn) ?? turn
}

function definitionOf(app: App, actor: string): ActorDefinition | undefined {
  const type = typeOf(actor)
  return app.actors.get(app.renamed.get(type) ?? type)
}
