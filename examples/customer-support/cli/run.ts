/** The command: opens the store, ends what was open, does what was asked, says where everything is. */

import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { createSystem, type System, TroupeError } from 'troupe'
import app from '../app.ts'
import { Escalations } from '../contracts.ts'
import { environmentOf, invalid } from '../settings.ts'
import { Ledger } from '../shop/ledger.ts'
import { type Arguments, type Place, parseArguments, usage } from './arguments.ts'
import { problemOf } from './problem.ts'
import { Session } from './session.ts'
import { talk } from './talk.ts'
import type { Terminal } from './terminal.ts'

/** Exit codes: done, failed, misused, and interrupted as a shell says it for SIGINT. */
export const exit = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const

/** @returns the exit code */
export async function run(
  argv: readonly string[],
  terminal: Terminal,
  place: Place,
): Promise<number> {
  try {
    const args = parseArguments(argv, place)
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
/** Milliseconds for the threads to come up: on a busy machine it takes long, and that is no failure. */
const startWithin = 120_000

async function runSystem(args: Arguments, terminal: Terminal): Promise<number> {
  const { store, workers, settings } = args
  makeFolderOf(store)
  // The threads inherit it.
  Object.assign(process.env, environmentOf(settings))
  const system = await createSystem(app, {
    store,
    workers,
    hostMemory,
    closeWithin,
    startWithin,
  })
  try {
    return await unlessInterrupted(work(system, args, terminal), terminal)
  } finally {
    await system.close()
  }
}

async function work(system: System, args: Arguments, terminal: Terminal): Promise<number> {
  const { customer, action, store, settings } = args
  await system.ref(Escalations, 'all').ask.watch()
  const session = new Session(system, customer, terminal)
  const answered = action.do === 'ask' || action.do === 'talk' ? await session.resume() : []
  const isWell = await done(session, action, answered, terminal)
  const records = (await system.health()).store?.position ?? 0
  const refunds = new Ledger(settings.ledger).payments().length
  terminal.stdout.write(
    `\nHistory: ${store} (${records} records)\nRefunds: ${settings.ledger} (${refunds})\n`,
  )
  return isWell ? exit.ok : exit.failed
}

/** The question that was just answered for an earlier process is not asked again: it is the same one. */
async function done(
  session: Session,
  action: Arguments['action'],
  answered: readonly string[],
  terminal: Terminal,
): Promise<boolean> {
  if (action.do === 'talk') return await talk(session, terminal)
  if (action.do === 'ask' && answered.includes(action.text)) return true
  return await session.do(action)
}

/** Of a missing folder only the last part is made: a mistyped path should not become a tree. */
function makeFolderOf(store: string): void {
  const folder = dirname(store)
  if (existsSync(folder)) return
  try {
    mkdirSync(folder)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    const what = `--store: the folder ${folder} is not there and cannot be made`
    throw invalid(`${what} (${code}); make it first, or choose another`, cause)
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
