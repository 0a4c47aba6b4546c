/**
 * Many deadlines on one clock alarm: a binary heap with removal. Adding and removing touch the
 * clock only when the earliest changes, and `rest` disarms it when nothing is left (S4).
 */
import type { CancelAlarm, Clock } from './clock.ts'

/** One thing that will be due. */
export interface Due {
  /** Monotonic ms. */
  at: number
  /** Place in the heap, kept by {@link Alarms}; -1 when not in it. */
  slot: number
  due(): void
}

export class Alarms {
  readonly #clock: Clock
  readonly #heap: Due[] = []
  #armedAt = Number.POSITIVE_INFINITY
  #cancel: CancelAlarm | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#heap.length
  }

  add(item: Due): void {
    item.slot = this.#heap.length
    this.#heap.push(item)
    this.#up(item)
    if (item.at < this.#armedAt) this.#arm(item.at)
  }

  /** Forgets an item; the clock stays armed until it rings or {@link rest} is called. */
  remove(item: Due): void {
    if (item.slot < 0) return
    const last = this.#heap.pop() as Due
    const hole = item.slot
    item.slot = -1
    if (last === item) return
    last.slot = hole
    this.#heap[hole] = last
    this.#up(last)
    this.#down(last)
  }

  /** Called when the thread has nothing to do: an alarm nobody waits for must not wake it. */
  rest(): void {
    const earliest = this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
    if (earliest > this.#armedAt) this.#arm(earliest)
  }

  #arm(at: number): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#armedAt = at
    if (at !== Number.POSITIVE_INFINITY) this.#cancel = this.#clock.alarm(at, () => this.#ring())
  }

  #ring(): void {
    this.#armedAt = Number.POSITIVE_INFINITY
    this.#cancel = undefined
    const now = this.#clock.mono()
    for (let next = this.#heap[0]; next !== undefined && next.at <= now; next = this.#heap[0]) {
      this.remove(next)
      next.due()
    }
    const earliest = this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
    if (earliest < this.#armedAt) this.#arm(earliest)
  }

  #up(item: Due): void {
    const heap = this.#heap
    while (item.slot > 0) {
      const parent = heap[(item.slot - 1) >> 1] as Due
      if (parent.at <= item.at) return
      this.#swap(parent, item)
    }
  }

  #down(item: Due): void {
    const heap = this.#heap
    for (;;) {
      const left = heap[item.slot * 2 + 1]
      const right = heap[item.slot * 2 + 2]
      const child = right !== undefined && right.at < (left as Due).at ? right : left
      if (child === undefined || child.at >= item.at) return
      this.#swap(item, child)
    }
  }

  /** Exchanges a parent with its child. */
  #swap(parent: Due, child: Due): void {
    const slot = parent.slot
    parent.slot = child.slot
    child.slot = slot
    this.#heap[parent.slot] = parent
    this.#heap[child.slot] = child
  }
}
