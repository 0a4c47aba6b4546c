/**
 * Counts the starts of messages, activations and timer ticks that never ended, because the thread or
 * the process died: the third is refused (F3). Needs nothing of the actor, only its address.
 *
 * Only what the store holds is counted: nothing else comes back after a death.
 *
 * A death makes everything that was in hand a suspect, and says nothing of which one it was. From then on
 * a suspect shares its starts with nothing, and only a death in one of those counts against it: what merely
 * waited, or was being brought up beside others, stays a suspect, however often the process is killed.
 */
import type { StartLog } from '../../actors/cell/ports.ts'
import { hashAddress } from '../../mailbox/address.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { batchSize, type Hand, type InHand, suspectKey } from '../../persistence/hand-file.ts'

/** The start that is refused. */
export const lastStart = 3

/** What a thread tells of its suspects. */
export interface SuspectNews {
  /** It ended: it is no suspect any more. */
  cleared(key: string): void
  quarantined(suspect: InHand, address: string, timer: string | undefined): void
}

type Subject = Omit<InHand, 'starts'>

export class Starts implements StartLog {
  /** Hash of the address of the actor that is tried while all others wait. */
  #tried: number | undefined
  readonly #hand: Hand
  readonly #news: SuspectNews
  /** Starts that did not end, of suspects. */
  readonly #known = new Map<string, number>()
  readonly #batch = new Set<Envelope>()
  readonly #places = new Map<string, { readonly place: number; readonly subject: Subject }>()
  /** One of the batch was in hand at a death. */
  #hasSuspect = false
  /** Refused and told of. */
  readonly #told = new Set<string>()

  constructor(hand: Hand, news: SuspectNews) {
    this.#hand = hand
    this.#news = news
  }

  /**
   * The one actor that may run now: what it has out at a death is to blame, whether it was started last
   * or waits. What others have out only waits.
   */
  try(actor: string | undefined): void {
    this.#tried = actor === undefined ? undefined : hashAddress(actor)
    for (const { place, subject } of this.#places.values()) {
      this.#hand.replace(place, this.#waiting(subject))
    }
  }

  /** The thread is back at its event loop: what it started or resumed did not kill it. */
  rested(): void {
    if (this.#hasSuspect) this.#clearBatch()
  }

  #clearBatch(): void {
    this.#hasSuspect = false
    this.#batch.clear()
    this.#hand.batch([])
  }

  know(suspects: readonly InHand[]): void {
    for (const suspect of suspects) this.#known.set(suspectKey(suspect), suspect.starts)
  }

  /** By command: its next start is the first. */
  release(key: string): void {
    this.#known.delete(key)
    this.#told.delete(key)
  }

  message(envelope: Envelope, waiting: Iterable<Envelope>): boolean {
    if (!envelope.stored) return true
    if (this.#known.size > 0 && !this.#mayStart(subjectOf(envelope), envelope.to, envelope)) {
      return false
    }
    if (!this.#batch.has(envelope)) this.#newBatch(envelope, waiting)
    return true
  }

  goesOn(envelope: Envelope): void {
    if (envelope.stored) this.#open(subjectOf(envelope))
  }

  resumed(envelope: Envelope): void {
    if (envelope.stored) this.#newBatch(envelope, [])
  }

  ended(envelope: Envelope): void {
    if (this.#places.size === 0 && this.#known.size === 0) return
    const subject = subjectOf(envelope)
    const key = suspectKey(subject)
    this.#close(key)
    this.#leaveBatch(key, envelope)
    // A timer that is quarantined stays so: its next tick is another message.
    if (isTimer(subject) && this.#startsOf(key) >= lastStart) return
    this.#clear(key)
  }

  activation(actor: string): boolean {
    const subject = { position: 0, index: 0, actor: hashAddress(actor) }
    if (this.#known.size > 0 && !this.#mayStart(subject, actor)) return false
    this.#open(subject)
    return true
  }

  bringsUp(actor: string): void {
    if (this.#known.size === 0) return
    const subject = { position: 0, index: 0, actor: hashAddress(actor) }
    if (!this.#known.has(suspectKey(subject))) return
    this.#batch.clear()
    this.#hasSuspect = true
    this.#hand.batch([this.#entry(subject)])
    this.#hand.sync()
  }

  activated(actor: string): void {
    const key = suspectKey({ position: 0, index: 0, actor: hashAddress(actor) })
    this.#close(key)
    if (this.#hasSuspect && this.#batch.size === 0) this.#clearBatch()
    if (this.#startsOf(key) < lastStart) this.#clear(key)
  }

  close(): void {
    this.#hand.close()
  }

  #startsOf(key: string): number {
    return (this.#known.get(key) ?? 0) + 1
  }

  #mayStart(subject: Subject, address: string, envelope?: Envelope): boolean {
    const key = suspectKey(subject)
    if (this.#startsOf(key) < lastStart) return true
    if (this.#told.has(key)) return false
    this.#told.add(key)
    const timer = envelope?.header.tick?.timer
    this.#news.quarantined({ ...subject, starts: lastStart - 1 }, address, timer)
    return false
  }

  #newBatch(first: Envelope, waiting: Iterable<Envelope>): void {
    this.#batch.clear()
    this.#batch.add(first)
    const suspect = this.#isSuspect(first)
    if (this.#tried === undefined && !suspect) this.#addWaiting(waiting)
    this.#hand.batch([...this.#batch].map((envelope) => this.#entry(subjectOf(envelope))))
    if (!suspect) return
    this.#hasSuspect = true
    this.#hand.sync()
  }

  #addWaiting(waiting: Iterable<Envelope>): void {
    for (const envelope of waiting) {
      if (this.#batch.size >= batchSize) return
      if (envelope.stored && !this.#isSuspect(envelope)) this.#batch.add(envelope)
    }
  }

  /** One that was in hand at a death shares its next start with nothing. */
  #isSuspect(envelope: Envelope): boolean {
    return this.#known.size > 0 && this.#known.has(suspectKey(subjectOf(envelope)))
  }

  #open(subject: Subject): void {
    const key = suspectKey(subject)
    if (this.#places.has(key)) return
    const place = this.#hand.open(this.#waiting(subject))
    if (place === undefined) return
    this.#places.set(key, { place, subject })
    if (this.#known.has(key)) this.#hand.sync()
  }

  #entry(subject: Subject): InHand {
    return { ...subject, starts: this.#startsOf(suspectKey(subject)) }
  }

  /** One that is out: a suspect after a death, but its start counts only where its actor is alone. */
  #waiting(subject: Subject): InHand {
    const starts = this.#startsOf(suspectKey(subject))
    return { ...subject, starts: subject.actor === this.#tried ? starts : Math.max(1, starts - 1) }
  }

  #close(key: string): void {
    const open = this.#places.get(key)
    if (open === undefined) return
    this.#places.delete(key)
    this.#hand.end(open.place)
  }

  /** It has a start more on its account as long as it stands there, and the next death may be another's. */
  #leaveBatch(key: string, envelope: Envelope): void {
    if (!this.#known.has(key) || !this.#batch.delete(envelope)) return
    if (this.#batch.size === 0) this.#hand.batch([])
  }

  #clear(key: string): void {
    if (this.#known.delete(key)) this.#news.cleared(key)
  }
}

/** A tick is known by its timer: the next one is another message, and kills as well. */
function subjectOf({ to, a, b, header }: Envelope): Subject {
  const actor = hashAddress(to)
  const { tick } = header
  if (tick === undefined) return { position: a, index: b, actor }
  return { position: 0, index: Math.max(1, hashAddress(tick.timer)), actor }
}

function isTimer({ position, index }: Subject): boolean {
  return position === 0 && index > 0
}
