/**
 * The steps of one message in hand: what earlier attempts recorded, and what this one adds (D2).
 *
 * A step is known by its name and by being the n-th of that name, never by a global ordinal, so that
 * an extra step renames no other. Its key is a hash of actor, message, name and n: the same for
 * every attempt, before and after a crash.
 *
 *   begun (committed) ──► call ──► done (appended) ──► the handler sees the result
 */
import { createHash } from 'node:crypto'
import type { EarlierStep } from '../../mailbox/envelope.ts'
import { isTerminal, TroupeError } from '../../mailbox/errors.ts'
import { decodeValue, encodeValue } from '../../persistence/codec.ts'
import type { StoredRecord, StoredStep } from '../../persistence/stored.ts'
import { decodeError } from './error-data.ts'
import { type MessageIdentity, messageKey } from './hand.ts'
import { copied } from './recoded.ts'

/** One step as known so far. */
export interface Step {
  readonly name: string
  readonly n: number
  /** Identity of the step, for its record and for services that de-duplicate. */
  readonly key: string
  readonly inputHash: string
  /** How often it left: a failed step leaves again with the next attempt. */
  run: number
  /** Begun in an earlier attempt, outcome unknown. */
  begun: boolean
  done?: { readonly failed: boolean; readonly value: unknown }
  /** The answer of a recorded ask, when its receiver had already made it. */
  answer?: StoredRecord
}

/** A record of a step, as far as it is needed here. */
interface RecalledStep extends Pick<StoredStep, 'done' | 'answer'> {
  readonly record: Pick<StoredRecord, 'name' | 'step' | 'result' | 'error'>
}

/** The `step` section of a record. */
export interface StepSection {
  readonly key: string
  readonly n: number
  readonly hash: string
  /** Id of the key under which its turn had sealed by then. */
  readonly sealedUnder?: string
}

export class Steps {
  readonly #actor: string
  readonly #message: MessageIdentity | undefined
  /** Of the earlier life that it goes on from. */
  #inheritedSeed: string | undefined
  #hasInherited = false
  // Most messages have no step: these are made for the first one.
  #known: Map<string, Step> | undefined
  #counts: Map<string, number> | undefined
  /** Id of the key under which the turn seals (R5): its inputs must come out the same. */
  sealedUnder: string | undefined

  /** @param message whose steps they are; it has the same identity before and after a crash */
  constructor(actor: string, message?: MessageIdentity) {
    this.#actor = actor
    this.#message = message
  }

  /** What keys are derived from. */
  get #seed(): string {
    if (this.#inheritedSeed !== undefined) return this.#inheritedSeed
    return this.#message === undefined ? this.#actor : seedOf(this.#actor, this.#message)
  }

  get isEmpty(): boolean {
    return this.#known === undefined
  }

  /** Takes over what the store recorded for this message. */
  recall(stored: RecalledStep): void {
    const { name } = stored.record
    const section = decodeValue(stored.record.step as Uint8Array) as StepSection
    this.sealedUnder ??= section.sealedUnder
    const id = `${name}#${section.n}`
    const step = this.#known?.get(id) ?? newStep(name, section.n, section.key, section.hash)
    this.#keep(id, step)
    if (stored.done) step.done = outcomeOf(stored.record)
    else begin(step, stored.answer)
  }

  /**
   * Takes over what an earlier life of the message recorded, as far as this one has not got there yet.
   * @param message as it was known in that life
   */
  inherit(message: MessageIdentity, steps: readonly EarlierStep[]): void {
    if (this.#hasInherited) return
    this.#hasInherited = true
    this.#inheritedSeed = seedOf(this.#actor, message)
    const own = new Set(this.#known?.keys())
    for (const { done, ...record } of steps) {
      const { n } = decodeValue(record.step) as StepSection
      if (!own.has(`${record.name}#${n}`)) this.recall({ done, record })
    }
    this.#forgetMendable(own)
  }

  /** A new attempt counts names from the start; failed steps that may be mended run again (F2). */
  restart(): void {
    this.#counts = undefined
    this.#forgetMendable()
  }

  /** @param kept ids of steps that this is not about */
  #forgetMendable(kept?: ReadonlySet<string>): void {
    for (const [id, step] of this.#known ?? []) {
      if (kept?.has(id)) continue
      if (step.done?.failed && !isTerminal(step.done.value)) forget(step)
    }
  }

  /**
   * The next step of a name.
   * @throws STEP_CHANGED when an earlier attempt recorded it with another input
   */
  next(name: string, input: unknown): Step {
    this.#counts ??= new Map()
    const n = (this.#counts.get(name) ?? 0) + 1
    this.#counts.set(name, n)
    const inputHash = hashOf(input, `input of step "${name}"`)
    const known = this.#known?.get(`${name}#${n}`)
    if (known === undefined) {
      const step = newStep(name, n, hash(`${this.#seed}\n${name}\n${n}`), inputHash)
      this.#keep(`${name}#${n}`, step)
      return step
    }
    if (known.inputHash === inputHash) return known
    throw new TroupeError(
      'STEP_CHANGED',
      `step "${name}" (number ${n} of its name) was recorded with another input; a retry must make the same calls with the same inputs: derive them from the message, the state and ctx.now/random/uuid`,
      { fields: { step: name, n } },
    )
  }

  #keep(id: string, step: Step): void {
    this.#known ??= new Map()
    this.#known.set(id, step)
  }
}

function seedOf(actor: string, message: MessageIdentity): string {
  return `${actor}\n${messageKey(message)}`
}

function newStep(name: string, n: number, key: string, inputHash: string): Step {
  return { name, n, key, inputHash, run: 0, begun: false }
}

/** It is about to leave, or did before a crash: whatever came of an earlier run is past. */
export function begin(step: Step, answer?: StoredRecord): void {
  forget(step)
  step.run += 1
  step.begun = true
  if (answer !== undefined) step.answer = answer
}

function forget(step: Step): void {
  step.begun = false
  delete step.done
  delete step.answer
}

/**
 * Own id of the message that a recorded ask sends. Another for each run: under the first one the
 * receiver would answer with the failure that this run is to mend.
 */
export function askId(step: Step, run: number = step.run): string {
  return run <= 1 ? step.key : `${step.key}.${run}`
}

/** The `step` section for a record. */
export function stepSection({ key, n, inputHash }: Step, { sealedUnder }: Steps): Uint8Array {
  const section: StepSection = { key, n, hash: inputHash }
  return encodeValue(sealedUnder === undefined ? section : { ...section, sealedUnder })
}

/**
 * What tells whether a call depends on the same.
 * @param what names the input in errors
 * @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE
 */
export function hashOf(input: unknown, what?: string): string {
  return hash(encodeValue(copied(input, what), what))
}

/** Name of the step of an ask. */
export function askStep(to: string, message: string): string {
  return `ask ${to} ${message}`
}

/** An ask by its type and message: keys differ between histories. */
export function askLabel(to: string, message: string): string {
  return `${to.slice(0, to.indexOf('/'))}.${message}`
}

/** What a recorded step is called by when its answer is looked for: an effect by its name. */
export function labelOf(name: string): string {
  const [, to, message] = /^ask (.+) ([^ ]+)$/.exec(name) ?? []
  return to?.includes('/') && message !== undefined ? askLabel(to, message) : name
}

export function inDoubt(step: Step): TroupeError {
  return new TroupeError(
    'IN_DOUBT',
    `step "${step.name}" (number ${step.n} of its name) began before a crash and its outcome is unknown; declare it { idempotent: true } if running it twice under one key is safe`,
    { fields: { step: step.name, n: step.n, key: step.key } },
  )
}

function outcomeOf(record: RecalledStep['record']): { failed: boolean; value: unknown } {
  if (record.error !== undefined) {
    return { failed: true, value: decodeError(decodeValue(record.error)) }
  }
  return {
    failed: false,
    value: record.result === undefined ? undefined : decodeValue(record.result),
  }
}

function hash(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 32)
}
