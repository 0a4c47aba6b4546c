#!/usr/bin/env node
/**
 * The `troupe` command: looks at Node's version, then hands over to the commands.
 *
 * Invariant: everything else is loaded only after the check, so that an old Node gets one line
 * and exit code 1 instead of a crash in a native binding.
 */
import { unsupportedNode } from '../../mailbox/node-version.ts'

const reason = unsupportedNode(process.versions.node)
if (reason === undefined) {
  void start()
} else {
  process.stderr.write(`${reason}\n`)
  process.exitCode = 1
}

async function start(): Promise<void> {
  // `troupe history FILE | head` closes our output early: that is an end, no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  const { run } = await import('./run.ts')
  process.exitCode = await run(process.argv.slice(2), process)
}
