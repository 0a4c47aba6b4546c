/** `npm start -- "question"`: see `cli/arguments.ts`. */

import { fileURLToPath } from 'node:url'
import { run } from './cli/run.ts'

async function main(): Promise<void> {
  const stop = new AbortController()
  // The first Ctrl-C closes in good order, a second one ends the process at once.
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  const { stdout, stderr } = process
  const places = { cwd: process.cwd(), project: fileURLToPath(new URL('../..', import.meta.url)) }
  process.exitCode = await run(
    process.argv.slice(2),
    { stdout, stderr, interrupt: stop.signal },
    places,
  )
}

void main()
