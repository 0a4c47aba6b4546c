/**
 * What killed a thread or the process, and may not be started again until it is released (F3): the
 * counts of all suspects, over threads and over processes.
 *
 * Messages end as dead letters; what is listed here are activations and timers, which have no end.
 */
import { existsSync, readFileSync } from 'node:fs'
import { hashAddress } from '../../mailbox/address.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import { anAddressText, aText, checkOptions } from '../../mailbox/options.ts'
import { handPath, type InHand, readHand, suspectKey } from '../../persistence/hand-file.ts'
import {
  type Quarantined,
  readHands,
  readSuspects,
  removeHands,
  type Suspect,
  writeSuspects,
} from '../../persistence/suspects-file.ts'
import { lastStart } from '../peer/starts.ts'
import type { Report } from '../wire/host-control.ts'

/** Hears of what changes. */
export interface QuarantineListener {
  /** To every thread that may have refused it. */
  released(key: string, actor: string): void
  /** What is in quarantine now. */
  changed(all: readonly Quarantined[]): void
}

export class Quarantine {
  readonly #file: string | undefined
  readonly #faults: Faults | undefined
  readonly #suspects = new Map<string, Suspect>()
  #listener: QuarantineListener | undefined

  /** @param file of the store; undefined for one in memory */
  constructor(file: string | undefined, faults?: Faults) {
    this.#file = file
    this.#faults = faults
    if (file === undefined) return
    for (const suspect of readSuspects(file)) this.#suspects.set(suspectKey(suspect), suspect)
    this.#merge(readHands(file))
    // The counts are safe before the files that hold them go.
    this.#write(true)
    removeHands(file)
  }

  listen(listener: QuarantineListener): void {
    this.#listener = listener
  }

  get suspects(): readonly InHand[] {
    return [...this.#suspects.values()].map(({ position, index, starts, actor }) => ({
      position,
      index,
      starts,
      actor,
    }))
  }

  /** True when the actor, or one that hashes like it, has a suspect. */
  isSuspect(actor: string): boolean {
    const hash = hashAddress(actor)
    for (const suspect of this.#suspects.values()) if (suspect.actor === hash) return true
    return false
  }

  /**
   * A thread died: what it had in hand.
   * @param shared where, when the store is in memory
   */
  adopt(slot: number, shared: SharedArrayBuffer | undefined): void {
    const bytes = shared === undefined ? this.#handOf(slot) : new Uint8Array(shared).slice()
    this.#merge(readHand(bytes))
    this.#write(true)
  }

  /** Of a thread that died before it had made one: nothing. */
  #handOf(slot: number): Uint8Array {
    const path = handPath(this.#file ?? '', slot)
    return this.#file !== undefined && existsSync(path) ? readFileSync(path) : new Uint8Array()
  }

  /** What a thread tells of its suspects. */
  hear(report: Report): void {
    if (report.kind === 'cleared') this.#cleared(report.key)
    if (report.kind === 'quarantined') {
      this.#quarantined(report.suspect, report.actor, report.timer)
    }
  }

  #cleared(key: string): void {
    if (this.#suspects.delete(key)) this.#write(false)
  }

  /** Its third start was refused. */
  #quarantined(suspect: InHand, address: string, timer: string | undefined): void {
    // A message is a dead letter from here on.
    if (suspect.position !== 0) return
    const named = { ...suspect, address, ...(timer !== undefined && { timer }) }
    this.#suspects.set(suspectKey(suspect), named)
    this.#write(true)
    this.#listener?.changed(this.list())
  }

  /** Activations and timers that are not started any more. */
  list(): Quarantined[] {
    const found: Quarantined[] = []
    for (const { starts, address, timer } of this.#suspects.values()) {
      if (starts < lastStart - 1 || address === undefined) continue
      found.push({ actor: address, ...(timer !== undefined && { timer }) })
    }
    return found
  }

  /**
   * Lets it start again, its count at zero. False when nothing like it is quarantined.
   * @throws OPTION_INVALID
   */
  release(which: Quarantined): boolean {
    checkOptions('quarantine.release', which, { actor: anAddressText, timer: aText })
    const { actor, timer } = which
    for (const [key, suspect] of this.#suspects) {
      if (suspect.address !== actor || suspect.timer !== timer) continue
      this.#suspects.delete(key)
      this.#write(true)
      this.#listener?.released(key, actor)
      this.#listener?.changed(this.list())
      return true
    }
    return false
  }

  /** Drops messages of actors for which none waits any more: they ended before the end. */
  waiting(actors: ReadonlySet<number>): void {
    for (const [key, { position, actor }] of this.#suspects) {
      if (position !== 0 && !actors.has(actor)) this.#suspects.delete(key)
    }
    this.#write(false)
  }

  /** A clean end: only what is quarantined is remembered. */
  close(): void {
    for (const [key, { starts }] of this.#suspects) {
      if (starts < lastStart - 1) this.#suspects.delete(key)
    }
    this.#write(true)
    if (this.#file !== undefined) removeHands(this.#file)
  }

  #merge(entries: readonly InHand[]): void {
    for (const entry of entries) {
      const key = suspectKey(entry)
      const known = this.#suspects.get(key)
      const starts = Math.max(known?.starts ?? 0, entry.starts)
      this.#suspects.set(key, { ...known, ...entry, starts })
    }
  }

  #write(synced: boolean): void {
    if (this.#file === undefined) return
    this.#faults?.('suspects:before-write')
    writeSuspects(this.#file, [...this.#suspects.values()], synced)
    this.#faults?.('suspects:written')
  }
}
