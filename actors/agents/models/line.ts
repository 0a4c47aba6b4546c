/**
 * The line before a gate: lanes share by the weights of M2, tenants within a lane equally, both by
 * cost; calls of one tenant in one lane keep their order. Nobody is passed over because a smaller one
 * would fit: a large call comes to its turn.
 */
import { Lane, laneWeights, type UserLane } from '../../../mailbox/lane.ts'
import { Shares } from './shares.ts'

/** What waits. */
export interface InLine {
  readonly lane: UserLane
  readonly tenant: string
  /** At least 1. */
  readonly cost: number
}

class LaneOf<T> {
  readonly tenants = new Shares<string>()
  readonly queues = new Map<string, Set<T>>()
}

export class Line<T extends InLine> {
  readonly #shares = new Shares<UserLane>((lane) => laneWeights[Lane[lane]] as number)
  readonly #lanes = new Map<UserLane, LaneOf<T>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  add(item: T): void {
    const lane = this.#lane(item.lane)
    const queue = lane.queues.get(item.tenant) ?? new Set()
    lane.queues.set(item.tenant, queue.add(item))
    lane.tenants.join(item.tenant)
    this.#shares.join(item.lane)
    this.#size += 1
  }

  /** Who is next, unless somebody more urgent comes. */
  peek(): T | undefined {
    const name = this.#shares.next()
    if (name === undefined) return undefined
    const { tenants, queues } = this.#lane(name)
    const [first] = queues.get(tenants.next() as string) as Set<T>
    return first
  }

  /** Takes the next one, who is served now. */
  take(): T | undefined {
    const item = this.peek()
    if (item === undefined) return undefined
    this.#lane(item.lane).tenants.served(item.tenant, item.cost)
    this.#shares.served(item.lane, item.cost)
    this.remove(item)
    return item
  }

  /** Somebody gave up. */
  remove(item: T): void {
    const { tenants, queues } = this.#lane(item.lane)
    const queue = queues.get(item.tenant)
    if (queue?.delete(item) !== true) return
    this.#size -= 1
    if (queue.size > 0) return
    queues.delete(item.tenant)
    tenants.leave(item.tenant)
    if (queues.size === 0) this.#shares.leave(item.lane)
  }

  #lane(name: UserLane): LaneOf<T> {
    const known = this.#lanes.get(name)
    if (known !== undefined) return known
    const lane = new LaneOf<T>()
    this.#lanes.set(name, lane)
    return lane
  }
}
