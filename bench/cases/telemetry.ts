/**
 * What traces take: of a system that records none, and of one that records one in ten. The same rounds run in
 * processes of their own, some without the lines that look whether anybody listens.
 *
 * Measured in CPU time: both processes do the same work, and waiting for the disk or for a neighbour on
 * the machine is no part of it.
 */
import type { BenchCase } from '../bench-case.ts'
import { RoundProcess } from '../round-process.ts'

export const telemetry: BenchCase = {
  name: 'telemetry',
  what: 'CPU of a round of tell-local and of durable-turn, with traces off, taken out, and one in ten recorded',
  unit: 'ms of CPU',
  better: 'lower',
  gate: [
    { ratioTo: 'tell-local, without traces', wanted: 1.01 },
    { of: 'durable-turn', ratioTo: 'durable-turn, without traces', wanted: 1.01 },
    { of: 'durable-turn-traced', ratioTo: 'durable-turn', wanted: 1.1 },
  ],
  quiet: true,
  rounds: 15,
  prepare(quick) {
    const tells = new RoundProcess('tell-local', quick)
    const bareTells = new RoundProcess('tell-local', quick, 'traces')
    const bareTurns = new RoundProcess('durable-turn', quick, 'traces')
    const turns = new RoundProcess('durable-turn', quick, undefined, bareTurns.name)
    const traced = new RoundProcess('durable-turn-traced', quick, undefined, bareTurns.name)
    const all = [tells, bareTells, turns, bareTurns, traced]
    return {
      ours: tells,
      bounds: [bareTells, bareTurns],
      others: [turns, traced],
      close: () => {
        for (const one of all) one.close()
      },
    }
  },
}
