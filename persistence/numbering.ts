/**
 * Replaces a frame's own text numbers by the store's, in place, one record at a time. Each text is
 * looked up once per frame.
 */
import { parseAddress } from '../mailbox/address.ts'
import { At, entrySize, MessageAt, nextRecord, setU48, TimerAt } from './directory.ts'
import type { Medium } from './medium.ts'
import { PartFlag, PartKind } from './record.ts'

export class Numbering {
  readonly #view: DataView
  readonly #strings: readonly string[]
  readonly #medium: Medium
  /** By number in the frame; 0 is not looked up yet. */
  readonly #addresses: Uint32Array
  readonly #names: Uint32Array

  constructor(view: DataView, strings: readonly string[], medium: Medium) {
    this.#view = view
    this.#strings = strings
    this.#medium = medium
    this.#addresses = new Uint32Array(strings.length + 1)
    this.#names = new Uint32Array(strings.length + 1)
  }

  /** Patches a record and its parts. Returns what is wrong when an address is none. */
  number(at: number): string | undefined {
    try {
      this.#record(at)
      const end = nextRecord(this.#view, at)
      for (let part = at + entrySize; part < end; part += entrySize) this.#part(part)
      return undefined
    } catch (error) {
      if (error instanceof NotAnAddress) return error.message
      throw error
    }
  }

  /** Sets the back pointer to this actor's record before. */
  link(at: number, previous: number): void {
    setU48(this.#view, at + At.previous, previous)
  }

  #record(at: number): void {
    this.#address(at + At.actor)
    this.#address(at + At.sender)
    this.#name(at + At.name)
  }

  #part(part: number): void {
    const kind = this.#view.getUint8(part) as PartKind
    switch (kind) {
      case PartKind.message: {
        const topic = this.#view.getUint16(part + At.flags, true) & PartFlag.topic
        if (topic) this.#name(part + MessageAt.to)
        else this.#address(part + MessageAt.to)
        this.#address(part + MessageAt.from)
        this.#name(part + MessageAt.name)
        return
      }
      case PartKind.timerSet:
      case PartKind.timerCancelled:
      case PartKind.timerFired:
      case PartKind.subscribed:
      case PartKind.unsubscribed:
        this.#address(part + TimerAt.actor)
        this.#name(part + TimerAt.id)
        this.#name(part + TimerAt.name)
        return
      case PartKind.ownId:
      case PartKind.reply:
        return
      default:
        kind satisfies never
    }
  }

  #address(field: number): void {
    const own = this.#view.getUint32(field, true)
    if (own === 0) return
    let no = this.#addresses[own] as number
    if (no === 0) {
      no = this.#lookUp(this.#strings[own - 1] as string)
      this.#addresses[own] = no
    }
    this.#view.setUint32(field, no, true)
  }

  #lookUp(address: string): number {
    const known = this.#medium.actorNo(address)
    if (known !== undefined) return known
    try {
      parseAddress(address)
    } catch (error) {
      throw new NotAnAddress(String(error))
    }
    return this.#medium.addActor(address)
  }

  #name(field: number): void {
    const own = this.#view.getUint32(field, true)
    if (own === 0) return
    let no = this.#names[own] as number
    if (no === 0) {
      no = this.#medium.nameNo(this.#strings[own - 1] as string)
      this.#names[own] = no
    }
    this.#view.setUint32(field, no, true)
  }
}

class NotAnAddress extends Error {}
