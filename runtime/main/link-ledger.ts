/**
 * What every link carried, in shared memory that both of its ends write (M4): how much is on its
 * way now, and for a dead thread how much it ever received and handed over.
 *
 * A message in memory only belongs to its sender until it is received: a sender that lives buries it
 * when the receiver dies, and with a sender that dies it is lost. One that the store holds is there,
 * whoever dies.
 */
import { LinkCounts } from '../wire/link-counts.ts'
import { mainSlot } from '../wire/placement.ts'
import type { Flow, LinkLosses } from './host-losses.ts'

type Totals = Map<string, Flow>

export class LinkLedger {
  readonly #types: readonly string[]
  /** By "from>to". */
  readonly #links = new Map<string, LinkCounts>()
  /** Received minus handed over by each living thread on links whose other end has died. */
  readonly #past = new Map<number, Totals>()

  constructor(types: Iterable<string>) {
    this.#types = [...types]
  }

  has(from: number, to: number): boolean {
    return this.#links.has(`${from}>${to}`)
  }

  /** Counts of a new link's one direction. */
  open(from: number, to: number): LinkCounts {
    const counts = new LinkCounts(this.#types)
    this.#links.set(`${from}>${to}`, counts)
    return counts
  }

  /** Takes a dead thread's links out of the account. */
  take(slot: number): LinkLosses {
    const own = this.#past.get(slot) ?? new Map()
    this.#past.delete(slot)
    const inStore = new Map<string, number>()
    for (const [pair, counts] of [...this.#links]) {
      const [from, to] = pair.split('>').map(Number) as [number, number]
      if (from !== slot && to !== slot) continue
      this.#links.delete(pair)
      const other = this.#pastOf(from === slot ? to : from)
      for (const [type, { sent, received }] of counts.totals()) {
        if (from === slot) {
          add(own, type, -received.volatile, -received.stored)
          add(other, type, received.volatile, received.stored)
        } else {
          add(own, type, received.volatile, received.stored)
          add(other, type, -received.volatile, -sent.stored)
          inStore.set(type, (inStore.get(type) ?? 0) + sent.stored - received.stored)
        }
      }
    }
    return { flow: (type) => own.get(type) ?? none, inStore: (type) => inStore.get(type) ?? 0 }
  }

  /** Frames that links have carried so far; undefined while one is on its way. */
  get frames(): number | undefined {
    let sum = 0
    for (const { framesSent, framesTaken } of this.#links.values()) {
      if (framesSent !== framesTaken) return undefined
      sum += framesSent
    }
    return sum
  }

  /** Messages on their way, per actor type. */
  inTransit(): ReadonlyMap<string, number> {
    const sums = new Map<string, number>()
    for (const counts of this.#links.values()) {
      for (const { type, volatile, stored } of counts.inTransit()) {
        sums.set(type, (sums.get(type) ?? 0) + volatile + stored)
      }
    }
    return sums
  }

  /** The main thread does not die alone: nobody asks for its past. */
  #pastOf(slot: number): Totals {
    const totals: Totals = this.#past.get(slot) ?? new Map()
    if (slot !== mainSlot) this.#past.set(slot, totals)
    return totals
  }
}

const none: Flow = { volatile: 0, stored: 0 }

function add(totals: Totals, type: string, volatile: number, stored: number): void {
  const total = totals.get(type) ?? none
  totals.set(type, { volatile: total.volatile + volatile, stored: total.stored + stored })
}
