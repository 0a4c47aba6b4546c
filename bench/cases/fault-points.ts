/**
 * What stands by for the day of a failure, while there is none: the fault points, the flight recorder, and
 * the watch over threads (what each has in hand, F3, and since when, F5). The same rounds run in two processes in turn,
 * one of which has those lines taken out of its sources.
 *
 * Measured in CPU time: both processes do the same work, and waiting for the disk or for a neighbour on
 * the machine is no part of it.
 */
import type { BenchCase } from '../bench-case.ts'
import { RoundProcess } from '../round-process.ts'

export const faultPoints: BenchCase = {
  name: 'fault-points',
  what: 'CPU of a round of tell-local and of durable-turn, with and without what stands by for failures',
  unit: 'ms of CPU',
  better: 'lower',
  gate: [
    { ratioTo: 'tell-local, without fault points', wanted: 1.01 },
    { ratioTo: 'tell-local, without the flight recorder', wanted: 1.03 },
    { of: 'durable-turn', ratioTo: 'durable-turn, without fault points', wanted: 1.01 },
    { of: 'durable-turn', ratioTo: 'durable-turn, without the watch over threads', wanted: 1.01 },
  ],
  quiet: true,
  rounds: 15,
  prepare(quick) {
    const tells = new RoundProcess('tell-local', quick)
    const bareTells = new RoundProcess('tell-local', quick, 'fault points')
    const unnotedTells = new RoundProcess('tell-local', quick, 'the flight recorder')
    const bareTurns = new RoundProcess('durable-turn', quick, 'fault points')
    const turns = new RoundProcess('durable-turn', quick, undefined, bareTurns.name)
    const unwatched = new RoundProcess('durable-turn', quick, 'the watch over threads')
    const all = [tells, bareTells, unnotedTells, turns, bareTurns, unwatched]
    return {
      ours: tells,
      bounds: [bareTells, unnotedTells, bareTurns, unwatched],
      others: [turns],
      close: () => {
        for (const one of all) one.close()
      },
    }
  },
}
