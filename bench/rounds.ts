/**
 * Runs a case: a round of each contestant that counts only as proof of its result, then rounds of all of
 * them interleaved, so that what drifts on the machine drifts for all alike. With `--quick` the proof is
 * all there is.
 */
import { sharesOf, spreadOf } from '../runtime/bench/figure.ts'
import { judge } from '../runtime/bench/gate.ts'
import { Latency } from '../runtime/bench/latency.ts'
import { Meters, peakMemory } from '../runtime/bench/meters.ts'
import type { CaseReport, Figure, Usage } from '../runtime/bench/report.ts'
import type { AbsentPeer, BenchCase, Contestant, PeerContestant, Prepared } from './bench-case.ts'

/** @param say progress, a word at a time */
export async function runCase(
  bench: BenchCase,
  quick: boolean,
  say: (text: string) => void,
): Promise<CaseReport> {
  const meters = await Meters.install(bench.quiet)
  const prepared = await bench.prepare(quick)
  try {
    const field = new Field(prepared)
    if (!quick) {
      say('proof')
      for (const lane of field.lanes) await lane.prove()
    }
    const rounds = quick ? 1 : (bench.rounds ?? 7)
    for (let round = 1; round <= rounds; round += 1) {
      say(`${round}/${rounds}`)
      for (const lane of field.lanes) await lane.run(meters)
    }
    return reportOf(bench, field, quick)
  } finally {
    for (const peer of prepared.peers ?? []) if ('close' in peer) peer.close()
    await prepared.close?.()
  }
}

/** All that was measured of one contestant. */
class Lane {
  readonly contestant: Contestant
  readonly values: number[] = []
  readonly #latency = new Latency()
  readonly #facts = new Map<string, number[]>()
  readonly #usages: Usage[] = []

  constructor(contestant: Contestant) {
    this.contestant = contestant
  }

  /** Throws when the result is wrong. */
  async prove(): Promise<void> {
    await this.contestant.round()
  }

  async run(meters: Meters): Promise<void> {
    meters.begin()
    const found = await this.contestant.round()
    this.#usages.push(meters.end())
    const { figure, latency, facts } = typeof found === 'number' ? { figure: found } : found
    this.values.push(figure)
    if (latency !== undefined) this.#latency.add(latency)
    for (const [name, value] of Object.entries(facts ?? {})) {
      this.#facts.set(name, [...(this.#facts.get(name) ?? []), value])
    }
  }

  /** @param bound what it is a share of */
  figure(bound: Lane | undefined): Figure {
    const { name, version } = this.contestant as Contestant & Partial<PeerContestant>
    const facts = [...this.#facts].map(([fact, values]) => [fact, spreadOf(values).median])
    return {
      name,
      ...(version !== undefined && { version }),
      ...spreadOf(this.values),
      ...(bound?.values.every((value) => value > 0) && {
        toBound: { bound: bound.contestant.name, ...sharesOf(this.values, bound.values) },
      }),
      ...(this.#latency.count > 0 && { latency: this.#latency.figures }),
      ...(facts.length > 0 && { facts: Object.fromEntries(facts) as Record<string, number> }),
      ...(version === undefined && { usage: this.#usage }),
    }
  }

  get #usage(): Usage {
    const delays = this.#usages.flatMap(({ delayP99 }) => delayP99 ?? [])
    return {
      cpuSeconds: sum(this.#usages.map(({ cpuSeconds }) => cpuSeconds)),
      gcMs: sum(this.#usages.map(({ gcMs }) => gcMs)),
      ...(delays.length > 0 && { delayP99: Math.max(...delays) }),
    }
  }
}

/** The contestants of a case, by what they are. */
class Field {
  readonly ours: Lane
  readonly bounds: readonly Lane[]
  readonly peers: readonly Lane[]
  readonly others: readonly Lane[]
  readonly missing: readonly AbsentPeer[]

  constructor({ ours, bounds, peers = [], others = [] }: Prepared) {
    this.ours = new Lane(ours)
    this.bounds = bounds.map((one) => new Lane(one))
    this.peers = peers.flatMap((one) => ('missing' in one ? [] : [new Lane(one)]))
    this.others = others.map((one) => new Lane(one))
    this.missing = peers.flatMap((one) => ('missing' in one ? [one] : []))
  }

  get lanes(): readonly Lane[] {
    return [this.ours, ...this.bounds, ...this.others, ...this.peers]
  }

  figureOf(lane: Lane): Figure {
    const { bound } = lane.contestant
    const named = this.bounds.find(({ contestant }) => contestant.name === bound)
    if (bound !== undefined && named === undefined) throw new Error(`there is no bound "${bound}"`)
    return lane.figure(lane === this.ours ? (named ?? this.bounds[0]) : named)
  }
}

function reportOf(bench: BenchCase, field: Field, quick: boolean): CaseReport {
  const figures = {
    ours: field.figureOf(field.ours),
    bounds: field.bounds.map((lane) => field.figureOf(lane)),
    peers: field.peers.map((lane) => field.figureOf(lane)),
    others: field.others.map((lane) => field.figureOf(lane)),
  }
  const { name, what, unit, better, gate = [] } = bench
  return {
    case: name,
    what,
    unit,
    better,
    ...figures,
    missing: field.missing.map((one) => ({ name: one.name, why: one.missing })),
    gates: [gate].flat().map((one) => judge(one, { better, unit, ...figures }, quick)),
    peakMemory: peakMemory(),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
