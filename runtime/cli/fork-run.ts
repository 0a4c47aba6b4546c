/** `troupe fork --run`: a fork run on until it rests, and what became of its calls. */
import type { App } from '../../actors/app.ts'
import type { DeadLetter } from '../../mailbox/dead-letter.ts'
import type { SecretsOptions } from '../main/secrets-plan.ts'
import { openFork } from '../replay/open-fork.ts'
import type { StepChoice, StepCounts } from '../replay/step-choices.ts'
import { jsonFile, misuse } from './arguments.ts'
import { type Output, plain } from './output.ts'

export interface ForkRunOptions {
  /** The store that was forked, and where. */
  readonly from: string
  readonly at: number
  readonly out: string
  readonly steps: Readonly<Record<string, StepChoice>>
  readonly deps: boolean
  readonly secrets: SecretsOptions | undefined
  /** Longest time in ms. */
  readonly within: number
}

/** A message that was given up. */
interface FallenMessage {
  readonly to: string
  readonly name: string
  readonly reason: string
  readonly error: string | undefined
}

/** What came of it. */
export interface ForkRun {
  /** False when the time was over before nothing was left to do. */
  readonly rested: boolean
  readonly steps: readonly StepCounts[]
  readonly unused: readonly { readonly name: string; readonly near: string | undefined }[]
  readonly deadLetters: readonly FallenMessage[]
}

export async function runFork(app: App, options: ForkRunOptions): Promise<ForkRun> {
  const { from, at, out, steps, deps, secrets, within } = options
  const fork = await openFork(out, app, {
    from,
    at,
    steps,
    // What it logs is in the way of what is asked for; failures are listed as dead letters.
    log: () => undefined,
    ...(deps && { deps: 'live' }),
    ...(secrets !== undefined && { secrets }),
  })
  try {
    const rested = await inTime(fork.system.quiet(), within)
    const deadLetters = fork.system.deadLetters.list().map(fallen)
    return { rested, steps: fork.steps, unused: fork.unused, deadLetters }
  } finally {
    await fork.close()
  }
}

function fallen({ to, name, reason, error }: DeadLetter): FallenMessage {
  return { to, name, reason, error: error === undefined ? undefined : String(error) }
}

async function inTime(work: Promise<void>, within: number): Promise<boolean> {
  const time = Promise.withResolvers<false>()
  const timer = setTimeout(() => time.resolve(false), within)
  try {
    return await Promise.race([work.then(() => true), time.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** True when all was done, and nothing refused. */
export function isDone({ rested, steps }: ForkRun): boolean {
  return rested && steps.every(({ refused }) => refused === 0)
}

/** `NAME=recorded`, `NAME=live`, `NAME=fail` or `NAME=stub=FILE`. @throws OPTION_INVALID */
export function stepChoices(texts: readonly string[]): Record<string, StepChoice> {
  return Object.fromEntries(texts.map(stepChoice))
}

function stepChoice(text: string): [name: string, choice: StepChoice] {
  const [, name, way, file] = /^(.+?)=(recorded|live|fail|stub=(.+))$/.exec(text) ?? []
  if (name === undefined || way === undefined) {
    throw misuse(
      'fork',
      `--step expects NAME=recorded, NAME=live, NAME=fail or NAME=stub=FILE, got ${JSON.stringify(text)}`,
    )
  }
  if (file !== undefined) return [name, { stub: jsonFile('fork', file) }]
  return [name, way as 'recorded' | 'live' | 'fail']
}

export function showRun({ rested, steps, unused, deadLetters }: ForkRun, out: Output): void {
  for (const { name, ...counts } of steps) {
    const ways = Object.entries(counts).filter(([, count]) => count > 0)
    const text = ways.map(([way, count]) => `${count} ${wayNames[way] ?? way}`).join(', ')
    out.line(`${plain(name)}: ${counts.refused > 0 ? out.paint('red', text) : text}`)
  }
  for (const { name, near } of unused) {
    const hint = near === undefined ? '' : `; did you mean "${plain(near)}"?`
    out.line(`${plain(name)}: nothing calls it${hint}`)
  }
  for (const { to, name, reason, error = reason } of deadLetters) {
    out.line(`dead letter  ${plain(to)}  ${plain(name)}  ${plain(error)}`)
  }
  out.line(rested ? 'it rests' : 'the time is over; start the app on it to go on')
}

const wayNames: Readonly<Record<string, string>> = {
  stub: 'from the stub',
  fail: 'failed',
  refused: 'refused, neither recorded nor chosen',
}
