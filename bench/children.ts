/** A case in a process of its own: nothing of another case is compiled, cached or collected there. */
import { fork } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { TroupeError } from '../mailbox/errors.ts'
import { nearest } from '../mailbox/options.ts'
import type { CaseReport } from '../runtime/bench/report.ts'
import { cases } from './cases/index.ts'

const child = fileURLToPath(new URL('./child.ts', import.meta.url))

/**
 * @param names separated by commas; all cases when undefined
 * @throws OPTION_INVALID naming the nearest case
 */
export function chosenCases(names: string | undefined): string[] {
  const known = Object.keys(cases)
  const wanted = names?.split(',') ?? known
  const unknown = wanted.find((name) => !known.includes(name))
  if (unknown === undefined) return wanted
  const near = nearest(unknown, known)
  const hint = near === undefined ? `there are ${known.join(', ')}` : `did you mean "${near}"?`
  throw new TroupeError('OPTION_INVALID', `no case "${unknown}"; ${hint}`)
}

/** How a case is run. */
export interface CaseRun {
  readonly quick: boolean
  /** Counted rounds; the case's own number when undefined. */
  readonly rounds: number | undefined
  /** Folder for CPU profiles. */
  readonly profiles: string | undefined
}

/** Rejects when the process ends without a report. */
export function runInChild(
  name: string,
  { quick, rounds, profiles }: CaseRun,
): Promise<CaseReport> {
  const start = performance.now()
  process.stderr.write(`${name}: `)
  const running = fork(child, [name, quick ? 'quick' : 'full', String(rounds ?? '')], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: ['--disable-warning=ExperimentalWarning', '--expose-gc', ...profileArgs(profiles)],
  })
  let found: CaseReport | undefined
  running.on('message', (message: { readonly say: string } | { readonly found: CaseReport }) => {
    if ('say' in message) process.stderr.write(`${message.say} `)
    else found = message.found
  })
  return new Promise((resolve, reject) => {
    running.on('error', reject)
    running.on('exit', (code, signal) => {
      process.stderr.write(`(${((performance.now() - start) / 1_000).toFixed(1)} s)\n`)
      if (found !== undefined && code === 0) resolve(found)
      else reject(new Error(`case ${name} failed with ${signal ?? `exit code ${code}`}`))
    })
  })
}

function profileArgs(folder: string | undefined): string[] {
  if (folder === undefined) return []
  mkdirSync(folder, { recursive: true })
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`]
}
