/**
 * Runs the example on the folder and with the store of its arguments, and prints what it took; run by
 * `bounds.test.ts`.
 */

import { existsSync, readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { run } from '../../../examples/knowledge-base/cli/run.ts'

async function main(docs: string, store: string): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const written: string[] = []
  const output = { write: (text: string) => written.push(text) }
  const terminal = { stdout: output, stderr: output, interrupt: new AbortController().signal }
  const places = { cwd: docs, project: docs }
  delay.enable()
  const code = await run(['--docs', docs, '--store', store], terminal, places)
  delay.disable()
  const loopMs = delay.percentile(99) / 1e6
  const longestMs = delay.max / 1e6
  const peakMiB = peakMemory()
  console.log(JSON.stringify({ code, output: written.join(''), loopMs, longestMs, peakMiB }))
}

/**
 * Peak resident memory in MiB. Where the kernel tells it, of this program alone: `maxRSS` starts at
 * what the process that started this one had, and would measure the test.
 */
function peakMemory(): number {
  const status = '/proc/self/status'
  const line = existsSync(status) ? /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(status, 'utf8')) : null
  return Math.round((line === null ? process.resourceUsage().maxRSS : Number(line[1])) / 1024)
}

void main(process.argv[2] ?? '', process.argv[3] ?? '')
