/**
 * Runs recorded turns of volatile actors again, from a start of theirs on: today's code, recorded messages
 * and recorded answers to calls. What is compared is what was recorded: answers, errors and calls; the
 * state is not recorded, but follows from them.
 *
 * A call is answered as it comes, in the order of the code: in which order concurrent calls ended is not
 * kept.
 */
import type { App } from '../../actors/app.ts'
import type { EffectChoices, OutgoingCall } from '../../actors/cell/effect-choices.ts'
import { decodeError, encodeError } from '../../actors/cell/error-data.ts'
import type { CellEvent } from '../../actors/cell/ports.ts'
import type { StepSection } from '../../actors/cell/steps.ts'
import { envelopeOf } from '../../actors/cell/stored-message.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import type { TroupeError } from '../../mailbox/errors.ts'
import type { Settled } from '../../mailbox/outcome.ts'
import { decodeValue } from '../../persistence/codec.ts'
import { PartFlag, PartKind } from '../../persistence/record.ts'
import { differences } from '../../persistence/replay/differences.ts'
import { withoutStacks } from '../../persistence/replay/without-stacks.ts'
import type { StoredRecord } from '../../persistence/stored.ts'
import { ReplayPeer } from './replay-peer.ts'
import type { RerunnerOptions, RerunOutcome } from './rerunner.ts'
import type { TurnDifference } from './turn-difference.ts'
import type { RecordedVolatileTurn } from './volatile-turns.ts'

type Cause =
  | Exclude<RerunOutcome, { readonly kind: 'ended' }>
  | ({ readonly kind: 'difference' } & TurnDifference)

/** How a turn ended now; nothing when nobody is told. */
type Ended = Settled | 'quiet' | Exclude<RerunOutcome, { readonly kind: 'ended' | 'threw' }>

/** A recorded call that was not made yet. */
interface Awaited {
  readonly label: string
  readonly hash: string
  readonly outcome: Settled
}

export class VolatileRerunner implements EffectChoices {
  readonly #peer: ReplayPeer
  readonly #app: App
  readonly #clock = new VirtualClock(0)
  readonly #patience: number
  /** Recorded calls of the turn in hand. */
  #calls: Awaited[] = []
  #actor = ''
  #ended: ((how: Ended) => void) | undefined

  constructor(app: App, options: RerunnerOptions) {
    this.#app = app
    this.#patience = options.patience ?? 1_000
    this.#peer = new ReplayPeer(app, options, this.#clock, {
      actors: app.actors,
      effects: this,
      event: (event) => this.#event(event),
    })
  }

  /** Runs a turn; those of one actor come in their order, from its start on. */
  async run(turn: RecordedVolatileTurn): Promise<Cause | undefined> {
    const { taken, calls, isFirst } = turn
    const { actor } = taken
    if (isFirst) this.#forget(actor)
    this.#actor = actor
    this.#calls = calls.map(awaited)
    this.#clock.jump(taken.time - this.#clock.wall())
    const ended = await this.#end(turn)
    this.#dropStash(actor)
    const cause = this.#judge(turn, ended)
    if (cause !== undefined) this.#forget(actor)
    return cause
  }

  instead({ label, inputHash, actor }: OutgoingCall): () => unknown {
    const at = this.#calls.findIndex((one) => one.label === label && one.hash === inputHash)
    const [call] = at < 0 ? [] : this.#calls.splice(at, 1)
    if (call !== undefined) return () => given(call.outcome)
    if (actor === this.#actor) this.#ended?.({ kind: 'new-step', name: label })
    // Nothing live is reached (R1), and the turn is over for us.
    return () => new Promise(() => undefined)
  }

  #end({ message, taken }: RecordedVolatileTurn): Promise<Ended> {
    const definition = this.#app.actors.get(taken.actor.slice(0, taken.actor.indexOf('/')))
    return new Promise((resolve) => {
      const impatient = setTimeout(() => this.#ended?.({ kind: 'waits' }), this.#patience)
      this.#ended = (how) => {
        clearTimeout(impatient)
        this.#ended = undefined
        resolve(how)
      }
      const isAsked = (message.flags & PartFlag.ask) !== 0
      const reply = { settle: (how: Settled) => this.#ended?.(how) }
      const sink = isAsked ? reply : undefined
      if (definition === undefined) return this.#ended('quiet')
      this.#peer.routing.arrived(envelopeOf(message, definition, taken.actor, this.#peer, sink))
      const mine = this.#ended
      void this.#peer.pump.calm('resting').then(() => this.#ended === mine && mine('quiet'))
    })
  }

  #event(event: CellEvent): void {
    if (event.event !== 'turn-failed' || event.actor !== this.#actor) return
    this.#ended?.({ ok: false, error: event.error })
  }

  #judge({ end, isWhole }: RecordedVolatileTurn, ended: Ended): Cause | undefined {
    if (ended !== 'quiet' && 'kind' in ended) {
      const isCutOff = !isWhole && end === undefined
      return isCutOff ? undefined : ended
    }
    const [left] = this.#calls
    if (left !== undefined) return { kind: 'missing-step', key: left.label }
    if (ended !== 'quiet' && !ended.ok) return judgeError(end, ended.error)
    if (end?.error !== undefined) {
      return {
        kind: 'difference',
        what: 'error',
        path: '',
        recorded: { value: decodeValue(end.error) },
      }
    }
    const reply = end?.parts.find(({ kind }) => kind === PartKind.reply)
    if (reply?.kind !== PartKind.reply || ended === 'quiet') return undefined
    const [first] = differences(withoutStacks(decodeValue(reply.value)), withoutStacks(ended.value))
    if (first === undefined) return undefined
    const { path, before, after } = first
    const sides = { ...(before && { recorded: before }), ...(after && { rerun: after }) }
    return { kind: 'difference', what: 'reply', path, ...sides }
  }

  /** What it brings back comes as a record of its own. */
  #dropStash(actor: string): void {
    this.#peer.residents.get(actor)?.inbox.stash.drain()
  }

  #forget(actor: string): void {
    const cell = this.#peer.residents.get(actor)
    if (cell === undefined) return
    cell.phase = 'gone'
    this.#peer.forget(cell)
  }
}

function awaited({ step, name, result, error }: StoredRecord): Awaited {
  const { hash } = decodeValue(step as Uint8Array) as StepSection
  const outcome: Settled =
    error === undefined
      ? { ok: true, value: result && decodeValue(result) }
      : { ok: false, error: decodeError(decodeValue(error)) }
  return { label: name, hash, outcome }
}

function given(outcome: Settled): unknown {
  if (outcome.ok) return outcome.value
  throw outcome.error
}

/** Errors are the same when they say the same. */
function judgeError(end: StoredRecord | undefined, error: unknown): Cause | undefined {
  if ((error as TroupeError | undefined)?.code === 'SECRET_KEY_MISSING') {
    return { kind: 'needs-key', error: error as TroupeError }
  }
  if (end?.error === undefined) return { kind: 'threw', error }
  const [then, now] = [encodeError(decodeError(decodeValue(end.error))), encodeError(error)]
  const isSame = then.message === now.message && then.code === now.code
  return isSame ? undefined : { kind: 'threw', error }
}
