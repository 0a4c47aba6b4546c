/**
 * Runs a scenario: system up, set-up, load, everything settled, the scenario's own check, system closed. The
 * report has a case for the throughput, one for each message, and one for each lane when there are several.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SystemClock } from '../../mailbox/clock.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { createSystem } from '../main/create-system.ts'
import type { SystemOptions } from '../main/options.ts'
import type { System } from '../main/system.ts'
import { type Arrival, MixChoice, steady } from './arrivals.ts'
import { runClosedLoop } from './closed-loop.ts'
import { spreadOf } from './figure.ts'
import { circumstances } from './machine.ts'
import { Meters, peakMemory } from './meters.ts'
import { runOpenLoop } from './open-loop.ts'
import { readRecorded, recordedArrivals } from './recorded.ts'
import type { BenchReport, CaseReport, Usage } from './report.ts'
import { Sampler } from './sampler.ts'
import type { CheckedScenario, Load, Phase } from './scenario.ts'
import { type Latencies, Tally } from './tally.ts'

/** How a run is called and told of. */
export interface ScenarioRun {
  /** As it was typed. */
  readonly command: string
  /** The figures mean little. */
  readonly quick?: boolean
  /** Progress, a phrase at a time. */
  readonly say?: (text: string) => void
}

/** Senders of a history at full speed. */
const fullSpeedSenders = 64

/** @throws what the scenario's own code throws, and what `createSystem` does */
export async function runScenario(
  scenario: CheckedScenario,
  { command, quick = false, say = () => undefined }: ScenarioRun,
): Promise<BenchReport> {
  const recorded = 'history' in scenario.load ? readRecorded(scenario.load.history) : undefined
  const source = { ...scenario, ...(recorded && { duration: durationOf(scenario.load, recorded) }) }
  const meters = await Meters.install()
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'))
  try {
    say('starting')
    const system = await createSystem(scenario.app, optionsOf(scenario, folder))
    try {
      const measured = await measure(source, system, recorded, meters, say)
      return {
        ...circumstances(command),
        quick,
        cases: casesOf(source, measured),
      }
    } finally {
      await system.close()
    }
  } finally {
    meters.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function optionsOf({ app, system }: CheckedScenario, folder: string): SystemOptions {
  const durable = [...app.actors.values()].some(({ behavior }) => behavior.durable)
  const store = durable ? { store: join(folder, 'bench.db') } : {}
  return { development: false, ...store, ...system }
}

/** Ms that a history takes in its own rhythm; at full speed nobody knows, so there is a limit only. */
function durationOf(load: Load, recorded: ReturnType<typeof readRecorded>): number {
  const { speed = 1 } = load as { readonly speed?: number | 'full' }
  if (speed === 'full') return Number.POSITIVE_INFINITY
  const [first, last] = [recorded[0]?.time ?? 0, recorded.at(-1)?.time ?? 0]
  return Math.max(1, (last - first) / speed)
}

interface Measured {
  readonly tally: Tally
  readonly sampler: Sampler
  readonly usage: Usage
  readonly seconds: number
}

async function measure(
  scenario: CheckedScenario,
  system: System,
  recorded: ReturnType<typeof readRecorded> | undefined,
  meters: Meters,
  say: (text: string) => void,
): Promise<Measured> {
  say('setting up')
  await scenario.setUp?.(system)
  await system.quiet()
  const warmUp = recorded === undefined ? scenario.warmUp : 0
  const tally = new Tally(warmUp, scenario.duration)
  const sampler = new Sampler(system)
  say('measuring')
  await sampler.begin()
  meters.begin()
  const start = performance.now()
  await load({ ...scenario, warmUp }, system, recorded, tally)
  const seconds = (performance.now() - start) / 1_000
  const usage = meters.end()
  await sampler.end()
  say('checking')
  await system.quiet()
  const { count: sent, done, failed } = tally
  await scenario.check?.(system, { sent, done, failed })
  return { tally, sampler, usage, seconds }
}

async function load(
  scenario: CheckedScenario,
  system: System,
  recorded: ReturnType<typeof readRecorded> | undefined,
  sink: Tally,
): Promise<void> {
  const { load: how, warmUp, duration, mostOpen, app } = scenario
  const clock = new SystemClock()
  const open = (arrivals: Iterator<Arrival>): Promise<void> =>
    runOpenLoop({ clock, arrivals, sink, mostOpen, tooMany: () => tooMany(mostOpen) })
  if (recorded !== undefined) {
    const { speed = 1, concurrency = fullSpeedSenders } = how as Extract<Load, { history: string }>
    if (speed !== 'full') return await open(recordedArrivals(recorded, system, app, speed))
    const messages = recordedArrivals(recorded, system, app, 1)
    const next = () => (messages.next().value as Arrival | undefined)?.job
    return await runClosedLoop({ clock, next, sink, concurrency, duration })
  }
  const choice = new MixChoice(scenario, (entry, n, random) =>
    entry.send({ system, n, random, options: { lane: entry.lane ?? 'normal' } }),
  )
  if ('rate' in how)
    return await open(steady(phasesOf(how.rate, warmUp, duration), () => choice.next()))
  const { concurrency = 1 } = how
  const next = () => choice.next()
  await runClosedLoop({ clock, next, sink, concurrency, duration: warmUp + duration })
}

/** The first rate is that of the warm-up, too. */
function phasesOf(
  rate: number | readonly Phase[],
  warmUp: number,
  duration: number,
): readonly Phase[] {
  if (typeof rate === 'number') return [{ duration: warmUp + duration, rate }]
  return [{ duration: warmUp, rate: rate[0]?.rate ?? 1 }, ...rate]
}

function tooMany(most: number): TroupeError {
  return new TroupeError('MAILBOX_FULL', `${most} messages of the scenario are open`)
}

function casesOf(scenario: CheckedScenario, measured: Measured): CaseReport[] {
  const { tally } = measured
  const lanes = tally.byLane.size > 1 ? [...tally.byLane] : []
  return [
    throughput(scenario, measured),
    ...[...tally.byMessage].map(([message, found]) => latencyCase(scenario, message, found)),
    ...lanes.map(([lane, found]) => latencyCase(scenario, `lane ${lane}`, found)),
  ]
}

const bare = { bounds: [], peers: [], others: [], missing: [], gates: [] } as const

function throughput(
  { name, load: how }: CheckedScenario,
  { tally, sampler, usage, seconds }: Measured,
): CaseReport {
  const { records, bytes, hostUse } = sampler.totals
  const failures = [...tally.failures].map(([code, count]) => [`failed with ${code}`, count])
  // A history takes as long as it takes: it has no tenths.
  const rates = 'history' in how ? [tally.done / seconds] : tally.throughputs
  return {
    case: name,
    what: whatOf(how),
    unit: 'messages/s',
    better: 'higher',
    ours: {
      name: 'all messages',
      ...spreadOf(rates),
      ...(tally.all.all.count > 0 && { latency: tally.all.all.figures }),
      facts: {
        sent: tally.count,
        failed: tally.failed,
        ...(Object.fromEntries(failures) as Record<string, number>),
        'records/s': records / seconds,
        'bytes of history/message': tally.done === 0 ? 0 : bytes / tally.done,
        'use of the hosts, %': hostUse,
        'sent late, p99 ms': lateness(tally),
      },
      usage,
    },
    ...bare,
    peakMemory: peakMemory(),
    series: sampler.series,
  }
}

/** To a thousandth of a ms: a closed loop is never late. */
function lateness({ late }: Tally): number {
  return late.count === 0 ? 0 : Math.round(late.percentile(99) * 1_000) / 1_000
}

function whatOf(load: Load): string {
  if ('history' in load) return `a recorded history at speed ${load.speed ?? 1}`
  if ('concurrency' in load) return `closed loop, ${load.concurrency} messages open`
  if (typeof load.rate === 'number') return `open loop, ${load.rate} messages a second`
  const phases = load.rate.map(({ duration, rate }) => `${rate}/s for ${duration / 1_000} s`)
  return `open loop, ${phases.join(', then ')}`
}

function latencyCase({ name }: CheckedScenario, what: string, found: Latencies): CaseReport {
  return {
    case: `${name}: ${what}`,
    what: `latency of ${what}, by tenths of the time`,
    unit: 'ms, p99',
    better: 'lower',
    ours: { name: what, ...spreadOf(found.p99s), latency: found.all.figures },
    ...bare,
    peakMemory: peakMemory(),
  }
}
