/**
 * `rerun`: a recorded history against today's code. Each actor's turns are run again in order, up to the
 * first that does something else (R2). No live effect is reached (R1).
 */

import type { ActorDefinition } from '../../actors/actor.ts'
import type { App } from '../../actors/app.ts'
import { decodeError, encodeError } from '../../actors/cell/error-data.ts'
import { payloadVersion } from '../../actors/cell/present.ts'
import { shown, TroupeError } from '../../mailbox/errors.ts'
import { formatMessageId, type MessageId } from '../../mailbox/message-id.ts'
import {
  aFunction,
  anInteger,
  anObject,
  aSignal,
  aText,
  checkOptions,
} from '../../mailbox/options.ts'
import { decodeValue } from '../../persistence/codec.ts'
import { isDamage } from '../../persistence/decode.ts'
import type { HistoryReader } from '../../persistence/history-reader.ts'
import type { Damage, StoredRecord } from '../../persistence/stored.ts'
import { endsTurn, type RecordedTurn, recordedTurn } from './recorded-turn.ts'
import { Rerunner, type RerunnerOptions, type RerunOutcome } from './rerunner.ts'
import { firstDifference, type TurnDifference } from './turn-difference.ts'
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

/** Where an actor first did something else than was recorded. */
export interface Divergence {
  readonly actor: string
  /** Position of the recorded turn. */
  readonly position: number
  readonly turn: number
  /** Its message; absent for a start hook. */
  readonly message: MessageId | undefined
  /** Handler. */
  readonly name: string
  readonly cause:
    | ({ readonly kind: 'difference' } & TurnDifference)
    | Exclude<RerunOutcome, { readonly kind: 'ended' }>
    | { readonly kind: 'no-definition' }
    | { readonly kind: 'damaged'; readonly damage: Damage }
}

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
  const rerunner = new Rerunner(app, options)
  const seen = new Set<string>()
  const diverged = new Map<string, Divergence>()
  const others = new OtherVersions()
  let turns = 0
  for (const record of turnsIn(reader, options)) {
    options.signal?.throwIfAborted()
    if (diverged.has(record.actor)) continue
    const run = prepared(reader, app, record)
    if ('present' in run) {
      others.add(run)
      rerunner.forget(record.actor)
      continue
    }
    seen.add(record.actor)
    turns += 1
    const cause = 'kind' in run ? run : judge(run, await rerunner.run(run))
    if (cause !== undefined) diverged.set(record.actor, divergence(record, cause))
    options.onTurn?.(record.position)
  }
  const volatiles = new VolatileRerunner(app, options)
  const turnsOf = new VolatileTurns()
  for (const turn of turnsOf.read(reader, options)) {
    options.signal?.throwIfAborted()
    const { taken } = turn
    if (diverged.has(taken.actor) || taken.position > (options.to ?? reader.position)) continue
    const definition = definitionOf(app, taken.actor)
    if (definition === undefined || definition.behavior.record !== 'full') continue
    const other = otherPayload(definition, taken.actor.slice(0, taken.actor.indexOf('/')), turn)
    const cause = await volatiles.run(turn)
    if (taken.position < (options.from ?? 1)) continue
    if (other !== undefined) {
      others.add(other)
      continue
    }
    seen.add(taken.actor)
    turns += 1
    if (cause !== undefined)
      diverged.set(taken.actor, divergence({ ...taken, turn: turn.number }, cause))
    options.onTurn?.(taken.position)
  }
  return {
    unstarted: turnsOf.unstarted,
    turns,
    actors: seen.size,
    divergences: [...diverged.values()],
    otherVersions: others.list,
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
  const type = record.actor.slice(0, record.actor.indexOf('/'))
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
  const type = actor.slice(0, actor.indexOf('/'))
  return app.actors.get(app.renamed.get(type) ?? type)
}

/** Whether it was handled as it came, or as a migration of then made it, no record says. */
function otherPayload(
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

class OtherVersions {
  readonly #found = new Map<string, OtherVersion>()

  add(one: Omit<OtherVersion, 'turns'>): void {
    const key = JSON.stringify(one)
    this.#found.set(key, { ...one, turns: (this.#found.get(key)?.turns ?? 0) + 1 })
  }

  get list(): OtherVersion[] {
    return [...this.#found.values()]
  }
}

function judge(turn: RecordedTurn, outcome: RerunOutcome): Divergence['cause'] | undefined {
  const { record } = turn
  const now = missingKey(record, outcome) ?? failureOf(record, outcome)
  if (now.kind !== 'ended') return now
  const difference = firstDifference(record, now.record)
  return difference && { kind: 'difference', ...difference }
}

/** A message that was given up after its retries is compared by what its handler throws. */
function failureOf(record: StoredRecord, outcome: RerunOutcome): RerunOutcome {
  if (outcome.kind !== 'threw' || record.error === undefined) return outcome
  const { error } = outcome
  const thrown = encodeError(error)
  const recorded = encodeError(decodeError(decodeValue(record.error)))
  const isSame = thrown.message === recorded.message && thrown.code === recorded.code
  return isSame ? { kind: 'ended', record } : outcome
}

/** What a turn does for want of a key says nothing of its code, unless it failed like this then. */
function missingKey(record: StoredRecord, outcome: RerunOutcome): RerunOutcome | undefined {
  const error = thrownBy(outcome)
  if (error?.code !== 'SECRET_KEY_MISSING') return undefined
  const then = record.error && (decodeError(decodeValue(record.error)) as TroupeError)
  return then?.code === error.code ? undefined : { kind: 'needs-key', error }
}

function thrownBy(outcome: RerunOutcome): TroupeError | undefined {
  if (outcome.kind === 'threw') return outcome.error as TroupeError | undefined
  if (outcome.kind !== 'ended' || outcome.record.error === undefined) return undefined
  return decodeError(decodeValue(outcome.record.error)) as TroupeError
}

function divergence(record: StoredRecord, cause: Divergence['cause']): Divergence {
  const { actor, position, turn, message, name } = record
  const id = message.position === 0 ? undefined : formatMessageId(message.position, message.index)
  return { actor, position, turn, message: id, name, cause }
}
