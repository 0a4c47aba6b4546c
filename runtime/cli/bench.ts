/** `troupe bench`: runs a scenario and shows what it found; `troupe bench compare` tells what moved. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { TroupeError } from '../../mailbox/errors.ts'
import { compareReports } from '../bench/compare.ts'
import { readReport } from '../bench/report.ts'
import { runScenario } from '../bench/run-scenario.ts'
import { type CheckedScenario, type Load, scenario } from '../bench/scenario.ts'
import { caseLines, comparisonLines, hasRegressed, writeReport } from '../bench/show.ts'
import { aNumber, misuse, parseArguments } from './arguments.ts'
import { type Command, exit, type Terminal } from './command.ts'

const help = `usage: troupe bench SCENARIO [options]
       troupe bench compare OLD.json NEW.json

Runs the scenario that the module SCENARIO exports and shows throughput, latencies by message and lane,
what waits, how busy the hosts are, commits and memory. See docs/benchmarking.md.

  --duration MS   how long to measure; not with phases or a history
  --speed N       of a history: 1 is its own rhythm, full is as fast as it goes
  --quick         half a second: does it run and check out?
  --json FILE     the report as JSON; - is standard output
  --html FILE     the report as one page with plots

Exit code 0: done; 1: failed, or the scenario's own check did; 2: a mistake in the arguments;
4: compare found something that got worse.
`

const spec = {
  command: 'bench',
  positionals: ['SCENARIO', 'OLD.json?', 'NEW.json?'],
  options: {
    duration: { type: 'string' },
    speed: { type: 'string' },
    quick: { type: 'boolean' },
    json: { type: 'string' },
    html: { type: 'string' },
  },
} as const

const quickMs = 500

interface Given {
  readonly duration?: string | undefined
  readonly speed?: string | undefined
  readonly quick?: boolean | undefined
  readonly json?: string | undefined
  readonly html?: string | undefined
}

export const bench: Command = async (args, terminal) => {
  const parsed = parseArguments(spec, args)
  if (parsed === 'help') {
    terminal.stdout.write(help)
    return exit.ok
  }
  const [first = '', old, now] = parsed.positionals
  if (first === 'compare') return compare(old, now, terminal)
  if (old !== undefined) throw misuse('bench', `one scenario at a time, got ${first} and ${old}`)
  return await measure(first, parsed.values, args, terminal)
}

function compare(old: string | undefined, now: string | undefined, terminal: Terminal): number {
  if (old === undefined || now === undefined) {
    throw misuse('bench', 'expected: compare OLD.json NEW.json')
  }
  const comparison = compareReports(readReport(old), readReport(now))
  terminal.stdout.write(`${comparisonLines(comparison).join('\n')}\n`)
  return hasRegressed(comparison) ? exit.regressed : exit.ok
}

async function measure(
  path: string,
  given: Given,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const wanted = adjusted(await loadScenario(path), given)
  const report = await runScenario(wanted, {
    command: ['troupe bench', ...args].join(' '),
    quick: given.quick ?? false,
    say: (text) => terminal.stderr.write(`${wanted.name}: ${text}\n`),
  })
  if (given.json !== '-') {
    for (const found of report.cases) terminal.stdout.write(`${caseLines(found).join('\n')}\n`)
  }
  writeReport(report, given, terminal.stdout)
  return exit.ok
}

/** The options of the command stand over what the scenario says. */
function adjusted(wanted: CheckedScenario, { duration, speed, quick }: Given): CheckedScenario {
  const { load } = wanted
  const isTimed = !('history' in load) && (!('rate' in load) || typeof load.rate === 'number')
  if (duration !== undefined && !isTimed) {
    throw misuse('bench', '"--duration" is for a scenario without phases and history')
  }
  return {
    ...wanted,
    load: atSpeed(load, speed),
    ...(quick && shortened(wanted)),
    ...(duration !== undefined && {
      duration: aNumber('bench', 'duration', duration, 10, 86_400_000),
    }),
  }
}

/** Half a second of it, in the same proportions; a history is as long as it is. */
function shortened({ load, duration }: CheckedScenario): Partial<CheckedScenario> {
  if ('history' in load) return {}
  const short = { duration: quickMs, warmUp: 0 }
  if (!('rate' in load) || typeof load.rate === 'number') return short
  const scale = quickMs / duration
  const rate = load.rate.map((phase) => ({ ...phase, duration: phase.duration * scale }))
  return { ...short, load: { rate } }
}

function atSpeed(load: Load, speed: string | undefined): Load {
  if (speed === undefined) return load
  if (!('history' in load)) throw misuse('bench', '"--speed" is for a scenario with a history')
  if (speed === 'full') return { ...load, speed }
  const factor = Number(speed)
  if (factor > 0 && Number.isFinite(factor)) return { ...load, speed: factor }
  throw misuse('bench', `option "speed" must be a number above 0, or full, got ${speed}`)
}

/** @throws OPTION_INVALID where there is no file, or one without a scenario */
async function loadScenario(path: string): Promise<CheckedScenario> {
  const file = resolve(path)
  if (!existsSync(file)) throw misuse('bench', `${path} is no file; expected a scenario`)
  let exported: unknown
  try {
    const module = (await import(pathToFileURL(file).href)) as { default?: unknown }
    exported = (module.default as { default?: unknown } | undefined)?.default ?? module.default
  } catch (cause) {
    if (cause instanceof TroupeError) throw cause
    throw misuse('bench', `${path} does not load: ${(cause as Error).message}`)
  }
  if (typeof exported === 'object' && exported !== null && 'load' in exported) {
    return scenario(exported as CheckedScenario)
  }
  throw misuse('bench', `${path} does not export a scenario: export default scenario({ ... })`)
}
