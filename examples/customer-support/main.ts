/** `npm run support -- "question"`: see `cli/arguments.ts`. */

import { run } from './cli/run.ts'

async function main(): Promise<void> {
  const stop = new AbortController()
  // The first Ctrl-C closes in good order, a second one ends the process at once.
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  const { stdin, stdout, stderr } = process
  const place = { cwd: process.cwd(), isTerminal: stdout.isTTY === true }
  process.exitCode = await run(
    process.argv.slice(2),
    { stdin, stdout, stderr, interrupt: stop.signal },
    place,
  )
}

void main()
