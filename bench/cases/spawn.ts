/**
 * Volatile actors made and given their first message, and what one of a million that wait for the next takes
 * of the heap.
 */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createSystem } from '../../runtime/index.ts'
import type { BenchCase } from '../bench-case.ts'
import { erlangPeer, nodePeer } from '../peers/index.ts'
import { must } from '../timing.ts'

const Cell = contract('cell', { hello: message() })
const cell = actor(Cell, {
  on: {
    hello: () => undefined,
  },
})
const cells = app(import.meta.url, { actors: [cell] })

/** Actors that get their first message before the thread has its turn. */
const together = 10_000

export const spawn: BenchCase = {
  name: 'spawn',
  what: 'volatile actors made by their first message, and their size once idle',
  unit: 'actors/s',
  better: 'higher',
  gate: [
    { ratioTo: 'Erlang', wanted: 3, aim: true },
    { fact: 'bytes/idle actor', better: 'lower', limit: 500, aim: true },
  ],
  rounds: 3,
  prepare(quick) {
    const count = quick ? 10_000 : 1_000_000
    return {
      ours: {
        name: 'troupe',
        async round() {
          const system = await createSystem(cells, { workers: 0, development: false })
          const before = heap()
          const start = performance.now()
          for (let first = 0; first < count; first += together) {
            for (let i = first; i < first + together; i += 1) system.ref(Cell, `c${i}`).tell.hello()
            await system.quiet()
          }
          const figure = count / ((performance.now() - start) / 1_000)
          const bytes = (heap() - before) / count
          const { processed } = system.stats().total
          must(processed === count, () => `${processed} of ${count} got their message`)
          await system.close()
          return { figure, facts: { 'bytes/idle actor': bytes } }
        },
      },
      bounds: [{ name: 'an object in a map', round: () => bareActors(count) }],
      peers: [
        erlangPeer('spawn', quick ? 10_000 : 200_000),
        nodePeer('nact', 'spawn', quick ? 1_000 : 50_000),
      ],
    }
  },
}

/** Bytes in use once everything that can be collected is. */
function heap(): number {
  if (global.gc === undefined) throw new Error('the case needs node --expose-gc')
  global.gc()
  return process.memoryUsage().heapUsed
}

function bareActors(count: number): number {
  const actors = new Map<string, { readonly key: string; state: undefined; got: number }>()
  const start = performance.now()
  for (let i = 0; i < count; i += 1) {
    const key = `cell/c${i}`
    actors.set(key, { key, state: undefined, got: 1 })
  }
  const figure = count / ((performance.now() - start) / 1_000)
  must(actors.size === count, () => 'the map lost an actor')
  return figure
}
