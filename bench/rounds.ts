/**
 * Runs a case: a warm-up round of each contestant, then rounds of all of them interleaved, so that
 * what drifts on the machine drifts for all alike.
 */
import type { BenchCase, CaseResult, Contestant, Figure } from './bench-case.ts'

/** @param rounds counted rounds of each contestant */
export async function runCase(
  bench: BenchCase,
  rounds: number,
  quick: boolean,
): Promise<CaseResult> {
  const prepared = await bench.prepare(quick)
  const { ours, bounds, others = [] } = prepared
  try {
    const figures = await interleave([ours, ...bounds, ...others], rounds)
    const [first, ...rest] = figures as [Figure, ...Figure[]]
    const { name, what, unit, better } = bench
    return {
      case: name,
      what,
      unit,
      better,
      ours: first,
      bounds: rest.slice(0, bounds.length),
      others: rest.slice(bounds.length),
    }
  } finally {
    await prepared.close?.()
  }
}

async function interleave(contestants: readonly Contestant[], rounds: number): Promise<Figure[]> {
  const values = contestants.map((): number[] => [])
  for (let round = -1; round < rounds; round += 1) {
    for (const [i, contestant] of contestants.entries()) {
      const value = await contestant.round()
      if (round >= 0) values[i]?.push(value)
    }
  }
  return contestants.map(({ name }, i) => figureOf(name, values[i] ?? []))
}

function figureOf(name: string, values: readonly number[]): Figure {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    name,
    median: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    n: sorted.length,
  }
}
