/** The command: reads the folder, answers the question, says who did how much. */

import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { createSystem, type System, TroupeError } from 'troupe'
import app from '../app.ts'
import { type Advance, Ingest, progressTopic, type Updated } from '../contracts.ts'
import { answerQuestion } from './answer-question.ts'
import {
  type Arguments,
  indexPath,
  invalid,
  type Places,
  parseArguments,
  usage,
} from './arguments.ts'
import { problemOf } from './problem.ts'
import { type Output, progress } from './progress.ts'
import { renderReport } from './render.ts'
import { agentTable } from './table.ts'

/** Where the command writes, and how it is told to stop. */
export interface Terminal {
  readonly stdout: Output
  readonly stderr: Output
  readonly interrupt: AbortSignal
}

/** Exit codes: done, failed, misused, and interrupted as a shell says it for SIGINT. */
export const exit = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const

/** @returns the exit code */
export async function run(
  argv: readonly string[],
  terminal: Terminal,
  places: Places,
): Promise<number> {
  try {
    const args = parseArguments(argv, places)
    if (!args.help) return await runSystem(args, terminal)
    terminal.stdout.write(`${usage}\n`)
    return exit.ok
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error
    terminal.stderr.write(`${problemOf(error)}\n`)
    return error.code === 'OPTION_INVALID' ? exit.usage : exit.failed
  }
}

/** Megabytes of heap for each thread: all of them together stay small. */
const hostMemory = 256
/** Milliseconds for a turn in hand to end; one that does not goes on at the next start. */
const closeWithin = 2_000

async function runSystem(args: Arguments, terminal: Terminal): Promise<number> {
  const { store, workers } = args
  makeFolderOf(store)
  const system = await createSystem(app, { store, workers, hostMemory, closeWithin })
  try {
    return await unlessInterrupted(work(system, args, terminal), terminal)
  } finally {
    await system.close()
  }
}

/** Of a missing folder only the last part is made: a mistyped path should not become a tree. */
function makeFolderOf(store: string): void {
  const folder = dirname(store)
  if (existsSync(folder)) return
  try {
    mkdirSync(folder)
  } catch (cause) {
    const what = `--store: the folder ${folder} is not there and cannot be made`
    throw invalid(`${what} (${codeOf(cause)}); make it first, or choose another`, cause)
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)

async function work(system: System, args: Arguments, terminal: Terminal): Promise<number> {
  const { question, folder, store, model } = args
  const { stdout, stderr } = terminal
  const { report, documents } = await update(system, args, terminal)
  stderr.write(`${renderReport(report)}\n\n`)
  const index = indexPath(store)
  const { work } = await answerQuestion(
    system,
    { question, folder, index, documents, model },
    stdout,
  )
  const records = (await system.health()).store?.position ?? 0
  stdout.write(`\n${agentTable(work)}\n\nHistory: ${store} (${records} records)\n`)
  return exit.ok
}

/** Only what has changed is read. An update that a crash cut short ends first, then this one begins. */
async function update(
  system: System,
  { folder, store }: Arguments,
  { stderr, interrupt }: Terminal,
): Promise<Updated> {
  const bar = progress(stderr, 'Reading')
  const unsubscribe = system.subscribe(progressTopic, ({ payload }) => {
    const { done, total } = payload as Advance
    if (!interrupt.aborted) bar.update(done, total)
  })
  try {
    const within = Number.POSITIVE_INFINITY
    const asked = { folder, index: indexPath(store) }
    return await system.ref(Ingest, 'documents').ask.update(asked, { within })
  } finally {
    unsubscribe()
    bar.done()
  }
}

/** What was begun stays in the store: the next start goes on with it. */
async function unlessInterrupted(work: Promise<number>, terminal: Terminal): Promise<number> {
  const { interrupt, stderr } = terminal
  const interrupted = new Promise<number>((resolve) => {
    const stop = (): void => resolve(exit.interrupted)
    if (interrupt.aborted) stop()
    else interrupt.addEventListener('abort', stop, { once: true })
  })
  work.catch(() => undefined)
  const code = await Promise.race([work, interrupted])
  if (code === exit.interrupted) stderr.write('\nStopping. The next start goes on from here.\n')
  return code
}
