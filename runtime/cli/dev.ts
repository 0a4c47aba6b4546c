/**
 * `troupe dev app.ts`: runs a system for an app, starts it again when a source file changes, tells its
 * events, and sends what is typed.
 *
 *   start ──► running ── a file changed ──► close ──► start
 *                │ Ctrl-C
 *                └──► close ──► end
 *
 * Each start is a new process: nothing of the old module graph is left. What the store holds is what
 * the next start goes on with; what was only in memory is drained at close, or lost with a count.
 */
import { dirname, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { type Command, exit, type Terminal } from './command.ts'
import { type DevOptions, devHelp, parseDevOptions } from './dev-options.ts'
import { DevSession } from './dev-session.ts'
import { Interrupt } from './interrupt.ts'
import { SourceWatch } from './source-watch.ts'

export const dev: Command = async (args, terminal) => {
  const options = parseDevOptions(args)
  if (options === 'help') {
    terminal.stdout.write(devHelp)
    return exit.ok
  }
  const watch = new SourceWatch([dirname(options.app), ...options.watch])
  const interrupt = new Interrupt(terminal)
  try {
    await runUntil(interrupt, watch, options, terminal)
  } finally {
    watch.close()
    interrupt.close()
  }
  return exit.ok
}

async function runUntil(
  interrupt: Interrupt,
  watch: SourceWatch,
  options: DevOptions,
  terminal: Terminal,
): Promise<void> {
  const input = new Input(terminal)
  try {
    for (;;) {
      const session = new DevSession(options, terminal)
      input.to(session)
      const changed = await Promise.race([watch.next(), interrupt.came])
      await Promise.race([session.close(), interrupt.cameAgain.then(() => session.kill())])
      if (changed === 'interrupted') return
      const names = changed.map((path) => relative(process.cwd(), path)).join(', ')
      terminal.stdout.write(`troupe dev: ${names} changed, starting again\n`)
    }
  } finally {
    input.close()
  }
}

/** Lines that are typed go to the session that runs now. */
class Input {
  #session: DevSession | undefined
  readonly #lines: ReturnType<typeof createInterface> | undefined

  constructor({ stdin }: Terminal) {
    this.#lines = stdin && createInterface({ input: stdin })
    this.#lines?.on('line', (line) => {
      if (line.trim() !== '') this.#session?.say(line.trim())
    })
  }

  to(session: DevSession): void {
    this.#session = session
  }

  close(): void {
    this.#lines?.close()
  }
}
