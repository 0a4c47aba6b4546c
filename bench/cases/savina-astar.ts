/**
 * A* through a grid with walls, its nodes spread over 20 actors by hash: each keeps what is known of its own nodes
 * and tells the owners of their neighbours. Checked against a search without actors.
 */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { nextRandom, savinaCase } from '../savina.ts'
import { must } from '../timing.ts'

const owners = 20

/** One cell of a grid of so many by so many that is to be looked at, and what it costs to be there. */
interface Step {
  readonly node: number
  readonly cost: number
  readonly side: number
}

const Region = contract('region', {
  visit: message<Step>(),
  /** Looks at the most promising cell. */
  work: message(),
  /** The goal can be reached for this. */
  found: message<number>(),
  best: message<number, number>(),
})
const region = actor(Region, {
  mailbox: { capacity: 1_000_000 },
  state: () => ({
    costs: new Map<number, number>(),
    open: new OpenList(),
    isWorking: false,
    bound: Number.POSITIVE_INFINITY,
  }),
  on: {
    visit(ctx, step) {
      const { state } = ctx
      if (step.cost >= (state.costs.get(step.node) ?? Number.POSITIVE_INFINITY)) return
      state.costs.set(step.node, step.cost)
      if (isGoal(step)) {
        for (let i = 0; i < owners; i += 1) ctx.ref(Region, String(i)).tell.found(step.cost)
        return
      }
      state.open.add(step)
      if (state.isWorking) return
      state.isWorking = true
      ctx.ref(Region, ctx.self.key).tell.work()
    },
    work(ctx) {
      const { state } = ctx
      const step = state.open.take(state.bound)
      state.isWorking = step !== undefined
      if (step === undefined) return
      const cost = step.cost + 1
      // A cheaper way was found meanwhile: that one is looked at instead.
      const isBest = state.costs.get(step.node) === step.cost
      for (const node of isBest ? neighbours(step.node, step.side) : []) {
        ctx.ref(Region, String(node % owners)).tell.visit({ node, cost, side: step.side })
      }
      ctx.ref(Region, ctx.self.key).tell.work()
    },
    found(ctx, cost) {
      ctx.state.bound = Math.min(ctx.state.bound, cost)
    },
    best: (ctx, node) => ctx.state.costs.get(node) ?? -1,
  },
})

/** Steps by what the way through them costs at least, the cheapest first. */
class OpenList {
  readonly #byCost = new Map<number, Step[]>()
  #cheapest = Number.POSITIVE_INFINITY

  add(step: Step): void {
    const least = step.cost + distanceToGoal(step)
    const same = this.#byCost.get(least)
    if (same === undefined) this.#byCost.set(least, [step])
    else same.push(step)
    this.#cheapest = Math.min(this.#cheapest, least)
  }

  /** Undefined when no way is cheaper than `bound`. */
  take(bound: number): Step | undefined {
    while (this.#cheapest < bound) {
      const step = this.#byCost.get(this.#cheapest)?.pop()
      if (step !== undefined) return step
      this.#byCost.delete(this.#cheapest)
      this.#cheapest = Math.min(...this.#byCost.keys())
    }
    return undefined
  }
}

function isGoal({ node, side }: Step): boolean {
  return node === side * side - 1
}

/** As if there were no walls: never too much. */
function distanceToGoal({ node, side }: Step): number {
  return side - 1 - (node % side) + (side - 1 - Math.floor(node / side))
}

function neighbours(node: number, side: number): number[] {
  const [x, y] = [node % side, Math.floor(node / side)]
  const around = [
    [x + 1, y],
    [x, y + 1],
    [x - 1, y],
    [x, y - 1],
  ] as const
  return around.flatMap(([a, b]) => {
    const isInside = a >= 0 && b >= 0 && a < side && b < side
    return isInside && !isWall(b * side + a, side) ? [b * side + a] : []
  })
}

/** A quarter of the cells, the corners never. */
function isWall(node: number, side: number): boolean {
  if (node === 0 || node === side * side - 1) return false
  return nextRandom(nextRandom(node * 2_654_435_761)) % 4 === 0
}

/** Breadth first: all steps cost the same. */
function distances(side: number): readonly number[] {
  const found = new Array<number>(side * side).fill(-1)
  found[0] = 0
  const queue = [0]
  for (const node of queue) {
    for (const next of neighbours(node, side)) {
      if (found[next] !== -1) continue
      found[next] = (found[node] ?? 0) + 1
      queue.push(next)
    }
  }
  return found
}

export const savinaAstar = savinaCase({
  name: 'astar',
  what: 'a way through a grid with walls, searched by 20 actors',
  unit: 'cells/s',
  app: app(import.meta.url, { actors: [region] }),
  size: 160 ** 2,
  quickSize: 40 ** 2,
  erlang: undefined,
  async run(system, size) {
    const side = Math.sqrt(size)
    system.ref(Region, '0').tell.visit({ node: 0, cost: 0, side })
    await system.quiet()
    const goal = size - 1
    const best = await system.ref(Region, String(goal % owners)).ask.best(goal)
    const expected = distances(side)[goal]
    must(best === expected, () => `the way costs ${expected}, found was ${best}`)
  },
})
