/**
 * One actor's way back along its records, from its newest to where folding starts: a snapshot, a
 * whole state, a tombstone, or its first record. Never past a record that cannot be read (D4).
 */
import { type Changes, ChangesBuilder } from './changes.ts'
import { bodyOf, damaged, isDamage, type Texts } from './decode.ts'
import { At, getU48 } from './directory.ts'
import type { Place } from './places.ts'
import { RecordFlag, RecordKind } from './record.ts'
import type { Damage, Snapshot } from './stored.ts'

/** What an actor's state is folded from. */
export interface Chain {
  readonly snapshot?: Snapshot
  readonly changes: Changes
}

export class ChainWalk {
  readonly no: number
  readonly #texts: Texts
  readonly #snapshot: Snapshot | undefined
  readonly #changes = new ChangesBuilder()
  #next: number
  #damage: Damage | undefined
  /** A tombstone or a whole state ended it above its snapshot. */
  #isWhole = false

  /**
   * @param head position of the actor's newest record
   * @param snapshot its newest good snapshot at or before `head`
   */
  constructor(texts: Texts, no: number, head: number, snapshot: Snapshot | undefined) {
    this.no = no
    this.#texts = texts
    this.#next = head
    this.#snapshot = snapshot
    this.#arrive()
  }

  /** The record wanted next, 0 when the walk is over. */
  get next(): number {
    return this.#next
  }

  get result(): Chain | Damage {
    if (this.#damage !== undefined) return this.#damage
    const { changes } = this.#changes
    return this.#isWhole || this.#snapshot === undefined
      ? { changes }
      : { snapshot: this.#snapshot, changes }
  }

  /** Takes the record asked for. */
  take(place: Place | Damage | undefined): void {
    if (place === undefined || isDamage(place) || actorOf(place) !== this.no) this.#break(place)
    else if (kindOf(place) === RecordKind.destroyed) this.#stop()
    else this.#pass(place)
  }

  #pass(place: Place): void {
    if (folding.has(kindOf(place)) && !this.#keep(place)) {
      this.#damage = damaged(place, this.#texts, 'its body fails its checksum')
      this.#next = 0
      return
    }
    this.#next = getU48(place.view, place.at + At.previous)
    if (flagsOf(place) & RecordFlag.whole) this.#stop()
    else this.#arrive()
  }

  /** False for a body that cannot be read. */
  #keep(place: Place): boolean {
    const { segment, view, at, position } = place
    const body = bodyOf(place)
    if (body === undefined) return false
    const turn = getU48(view, at + At.turn)
    const version = view.getUint16(at + At.version, true)
    return this.#changes.prepend({ position, turn, version }, segment.body, body.start, body.end)
  }

  #stop(): void {
    this.#isWhole = true
    this.#next = 0
  }

  #arrive(): void {
    if (this.#next <= (this.#snapshot?.position ?? 0)) this.#next = 0
  }

  #break(place: Place | Damage | undefined): void {
    const actor = this.#texts.address(this.no)
    const detail = `record ${this.#next} should be one of ${actor} and is not there; nothing is folded past it`
    this.#damage =
      place !== undefined && isDamage(place)
        ? { ...place, actor }
        : { kind: 'damaged', detail, positions: [this.#next], actor }
    this.#next = 0
  }
}

/** Kinds whose body can change a state. */
const folding: ReadonlySet<RecordKind> = new Set([RecordKind.turn, RecordKind.parked])

function actorOf({ view, at }: Place): number {
  return view.getUint32(at + At.actor, true)
}

function kindOf({ view, at }: Place): RecordKind {
  return view.getUint8(at) as RecordKind
}

function flagsOf({ view, at }: Place): number {
  return view.getUint16(at + At.flags, true)
}
