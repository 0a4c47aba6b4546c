/**
 * The store's side of an actor's steps (D2): what is recorded of them, and the calls of those whose
 * outcome is not committed yet.
 *
 * Invariant: a step's *begun* is committed before its call leaves, its *done* appended before the
 * handler sees the result; records of one actor keep their order.
 */
import type { Envelope } from '../../mailbox/envelope.ts'
import type { Ack, Refusal } from '../../persistence/store.ts'
import type { StoredStep } from '../../persistence/stored.ts'
import { Calls, type Outcome } from './calls.ts'
import type { Recorded } from './durable-record.ts'
import type { DurableTurn } from './durable-turn.ts'
import { messageKey } from './hand.ts'
import { type Pipeline, Written } from './pipeline.ts'
import type { CellHost, Journal } from './ports.ts'
import { isDropped, releaseMessage, type StagedMessage } from './staged.ts'
import { writeStepBegun, writeStepDone } from './step-record.ts'
import type { StepStore } from './step-run.ts'
import { begin, type Step, Steps } from './steps.ts'
import { undoneError } from './undone-error.ts'

/** The actor whose steps they are. */
interface Owner extends Recorded {
  readonly host: CellHost
  readonly journal: Journal
  readonly pipeline: Pipeline
  readonly commits: { nowStored(envelope: Envelope, position: number): void }
  undo(envelope: Envelope | undefined, refusal: Refusal | undefined): void
}

export class StepLog implements StepStore {
  readonly #owner: Owner
  /** By message: what earlier attempts recorded. */
  #steps: Map<string, Steps> | undefined
  readonly #calls = new Calls()

  constructor(owner: Owner) {
    this.#owner = owner
  }

  /** The steps of a message whose next attempt begins. */
  restart(envelope: Envelope): Steps {
    const known = this.#steps?.get(messageKey(envelope))
    // A recorded attempt that is run again goes through the failures that it saw (R2).
    if (this.#owner.host.script === undefined) known?.restart()
    const steps = known ?? new Steps(this.#owner.id, envelope)
    const { earlier } = envelope.header
    if (earlier !== undefined) steps.inherit(earlier, earlier.steps)
    return steps
  }

  /** A step that the store knows of. */
  recall(stored: StoredStep): void {
    const { position, index } = stored.message
    const message = { a: position, b: index }
    const key = messageKey(message)
    const steps = this.#steps?.get(key) ?? new Steps(this.#owner.id, message)
    this.#remember(key, steps)
    steps.recall(stored)
  }

  #remember(key: string, steps: Steps): void {
    this.#steps ??= new Map()
    this.#steps.set(key, steps)
  }

  /** Keeps the steps of an attempt for the next one. */
  keep(envelope: Envelope, steps: Steps): void {
    this.#remember(messageKey(envelope), steps)
  }

  /** The message is no longer in hand. */
  forget(envelope: Envelope): void {
    this.#steps?.delete(messageKey(envelope))
  }

  /** The actor is loaded again: the store knows better. */
  clear(): void {
    this.#steps = undefined
  }

  /** The message was consumed: its record has all outcomes. */
  consumed(key: string): void {
    this.#calls.drop(key)
  }

  begin(turn: DurableTurn, step: Step, message?: StagedMessage): Promise<number> {
    if (turn.closed) return Promise.reject(undoneError())
    const { journal, pipeline, host } = this.#owner
    host.faults?.('step:before-begun')
    const envelope = turn.stepSubject()
    writeStepBegun(journal.builder, this.#owner, turn, step, message)
    return new Promise((resolve, reject) => {
      const committed = (position: number, ack: Ack): void => {
        this.#owner.commits.nowStored(envelope, position)
        begin(step)
        if (message !== undefined && !isDropped(ack, position, 0)) {
          releaseMessage(host, message, position, 0)
        }
        host.faults?.('step:begun')
        resolve(position)
      }
      const undone = (refusal: Refusal | undefined): void => {
        // The running turn's message comes again with the others, unless it is not to be handled at all.
        this.#owner.undo(isPast(refusal) ? envelope : undefined, refusal)
        reject(undoneError())
      }
      pipeline.append(new Written(committed, undone))
    })
  }

  end(turn: DurableTurn, step: Step, { ok, bytes }: Outcome): void {
    if (turn.closed) throw undoneError()
    const { faults } = this.#owner.host
    faults?.('step:answered')
    const written = ok ? { result: bytes } : { error: bytes }
    writeStepDone(this.#owner.journal.builder, this.#owner, turn, step, written)
    const undone = (refusal: Refusal | undefined): void => this.#owner.undo(undefined, refusal)
    this.#owner.pipeline.append(new Written(nothing, undone))
    faults?.('step:done')
  }

  keepCall(turn: DurableTurn, step: Step, outcome: Promise<Outcome>): void {
    this.#calls.add(messageKey(turn.stepSubject()), step, { outcome, turn })
  }

  joinCall(turn: DurableTurn, step: Step): Promise<Outcome> | undefined {
    return step.begun ? this.#calls.join(messageKey(turn.stepSubject()), step, turn) : undefined
  }
}

/** Its result was seen before. */
function nothing(): void {}

/** Its message was handled before, here or under the same own id. */
function isPast(refusal: Refusal | undefined): boolean {
  return refusal?.reason === 'not-pending' || refusal?.reason === 'duplicate'
}
