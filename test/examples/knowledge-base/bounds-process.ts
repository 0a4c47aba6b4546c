/**
 * Runs the example on the folder and with the store of its arguments, and prints what it took; run by
 * `bounds.test.ts`.
 */

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
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024)
  console.log(JSON.stringify({ code, output: written.join(''), loopMs, longestMs, peakMiB }))
}

void main(process.argv[2] ?? '', process.argv[3] ?? '')
