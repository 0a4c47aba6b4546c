/**
 * Kills the workload of a seed again and again, at random fault points and times, and lets it live at
 * last: then every acknowledged order is carried out exactly once.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromSources } from '../house/from-sources.ts'
import type { ChildStart } from './child.ts'
import { type CrashPlan, type Life, livesOf } from './plan.ts'

/** Ms after which a life that neither ends nor is killed is stuck. */
const patience = 120_000

/** Comes last, where even the one before could not start. */
const untroubled: Life = { faults: [], killAfter: undefined }

/** What does not add up; empty when all does. */
export async function crash(plan: CrashPlan): Promise<readonly string[]> {
  const folder = plan.folder ?? mkdtempSync(join(tmpdir(), 'troupe-crash-'))
  try {
    for (const life of [...livesOf(plan), untroubled]) {
      const answer = await live(folder, plan, life)
      // A killed one has no answer; one that was done before its time came has.
      if (answer !== undefined && (answer.length > 0 || life.killAfter === undefined)) return answer
    }
    return ['the last life did not end']
  } finally {
    if (plan.folder === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

const program = fileURLToPath(new URL('./child.ts', import.meta.url))

async function live(
  folder: string,
  { seed, orders, workers }: CrashPlan,
  life: Life,
): Promise<readonly string[] | undefined> {
  const start: ChildStart = { folder, seed, orders, workers, faults: life.faults }
  const child = spawn(process.execPath, [...fromSources, program, JSON.stringify(start)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stuck = setTimeout(() => child.kill('SIGABRT'), patience)
  const { out, err, end } = await lived(child, life.killAfter)
  clearTimeout(stuck)
  const checked = /checked (.*)\n/.exec(out)?.[1]
  if (checked !== undefined) return JSON.parse(checked) as string[]
  if (end === 'SIGKILL' && life.killAfter !== undefined) return undefined
  // A disk or a thread that fails while a system starts is told to who starts it; the next start goes on.
  if (!out.includes('up\n') && /Error: planned at|while the system started/.test(err)) {
    return undefined
  }
  const story = JSON.stringify(life)
  return [`a life ended with ${end} ${out.includes('up') ? 'in work' : 'at boot'}: ${story} ${err}`]
}

interface Ended {
  readonly out: string
  readonly err: string
  readonly end: string
}

async function lived(child: ChildProcess, killAfter: number | undefined): Promise<Ended> {
  let out = ''
  let err = ''
  child.stderr?.on('data', (text) => {
    err += text
  })
  child.stdout?.on('data', (text) => {
    const wasUp = out.includes('up\n')
    out += text
    if (!wasUp && out.includes('up\n') && killAfter !== undefined) killIn(child, killAfter)
  })
  return await new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ out, err, end: String(signal ?? code) }))
  })
}

function killIn(child: ChildProcess, ms: number): void {
  const timer = setTimeout(() => child.kill('SIGKILL'), ms)
  child.on('exit', () => clearTimeout(timer))
}
