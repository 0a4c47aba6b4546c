/**
 * Kills the workload of a seed again and again, at random times, and lets it live at last: then every
 * acknowledged order is carried out exactly once.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromSources } from '../house/from-sources.ts'
import { randomOf } from './orders.ts'

export interface CrashPlan {
  readonly seed: number
  readonly kills: number
  /** Orders of each sender. */
  readonly orders: number
  readonly workers: number
}

/** What does not add up; empty when all does. */
export async function crash(plan: CrashPlan): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-crash-'))
  const random = randomOf(plan.seed)
  try {
    for (let kill = 0; kill < plan.kills; kill += 1) {
      const answer = await live(folder, plan, random(300))
      // It was done before its time came.
      if (answer !== undefined) return answer
    }
    return (await live(folder, plan, undefined)) ?? ['the last life did not end']
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const program = fileURLToPath(new URL('./child.ts', import.meta.url))

/** @param killAfter ms after it came up; undefined lets it live */
async function live(
  folder: string,
  { seed, orders, workers }: CrashPlan,
  killAfter: number | undefined,
): Promise<readonly string[] | undefined> {
  const child = spawn(
    process.execPath,
    [...fromSources, program, folder, String(seed), String(orders), String(workers)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let out = ''
  let err = ''
  child.stderr.on('data', (text) => {
    err += text
  })
  child.stdout.on('data', (text) => {
    const wasUp = out.includes('up\n')
    out += text
    if (!wasUp && out.includes('up\n') && killAfter !== undefined) killIn(child, killAfter)
  })
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('close', (code, signal) => resolve([code, signal]))
  })
  const checked = /checked (.*)\n/.exec(out)?.[1]
  if (checked !== undefined) return JSON.parse(checked) as string[]
  if (killAfter !== undefined && signal === 'SIGKILL') return undefined
  return [`a life ended with ${code ?? signal}: ${err.slice(0, 2_000)}`]
}

function killIn(child: ChildProcess, ms: number): void {
  const timer = setTimeout(() => child.kill('SIGKILL'), ms)
  child.on('exit', () => clearTimeout(timer))
}
