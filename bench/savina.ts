/**
 * The Savina suite's actor programs (Imam and Sarkar, AGERE 2014) on one thread, each beside the same program in
 * Erlang. A program has no bound: what it measures is what a bare machine does not have.
 */
import type { App } from '../actors/app.ts'
import { createSystem, type System } from '../runtime/index.ts'
import type { BenchCase } from './bench-case.ts'
import { erlangPeer, type Peer } from './peers/index.ts'
import { rate } from './timing.ts'

export interface SavinaProgram {
  readonly name: string
  readonly what: string
  readonly unit: string
  readonly app: App
  /** Of a round, and of a quick one. */
  readonly size: number
  readonly quickSize: number
  /** What `erlang_peer.erl` calls it; undefined where it has none. */
  readonly erlang: string | undefined
  /** Runs it and throws when its result is wrong. */
  readonly run: (system: System, size: number) => Promise<void>
}

export function savinaCase(program: SavinaProgram): BenchCase {
  const { name, what, unit, app, size, quickSize, erlang, run } = program
  return {
    name: `savina-${name}`,
    what,
    unit,
    better: 'higher',
    gate: { ratioTo: 'Erlang', wanted: 1, aim: true },
    rounds: 5,
    prepare(quick) {
      const count = quick ? quickSize : size
      const peer: Peer =
        erlang === undefined
          ? { name: 'Erlang', missing: 'the program is not written in Erlang here' }
          : erlangPeer(erlang, count)
      return {
        ours: {
          name: 'troupe',
          // A new system each time: no round finds the actors of another.
          async round() {
            const system = await createSystem(app, { workers: 0, development: false })
            try {
              return await rate(count, () => run(system, count))
            } finally {
              await system.close()
            }
          },
        },
        bounds: [],
        peers: [peer],
      }
    },
  }
}

/** A small generator of an actor's own, as every program of the suite has one. */
export function nextRandom(seed: number): number {
  let x = seed | 1
  x ^= x << 13
  x ^= x >>> 17
  x ^= x << 5
  return x >>> 0
}
