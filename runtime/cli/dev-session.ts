/**
 * One run of the app under `troupe dev`: a child process, from its start to its end.
 *
 * Owns the process: asks it to close, and kills it when it does not. What happens inside is
 * `dev-child.ts`. A run that ends by itself (the code does not load, a crash) is told and left: the
 * next change starts the next one.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Terminal } from './command.ts'
import type { DevOptions } from './dev-options.ts'
import type { DevOrder, DevStart } from './dev-protocol.ts'

/** Milliseconds that a system may take to drain. */
export const drainWithin = 3_000
/** Milliseconds after which a process that does not end is killed. */
const endWithin = drainWithin + 2_000

export class DevSession {
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  #closing = false

  constructor(options: DevOptions, terminal: Terminal) {
    this.#child = fork(childFile(), [JSON.stringify(startOf(options))], {
      execArgv: [...process.execArgv, ...(options.inspect ? ['--inspect'] : [])],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#child.stdout?.on('data', (chunk) => terminal.stdout.write(String(chunk)))
    this.#child.stderr?.on('data', (chunk) => terminal.stderr.write(String(chunk)))
    this.#ended = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        if (!this.#closing) terminal.stderr.write(endedByItself(signal ?? code))
        resolve()
      })
    })
  }

  /** Sends a typed line. */
  say(line: string): void {
    this.#order({ kind: 'say', line })
  }

  /** Drains and ends the run; resolves when its process is gone. */
  async close(): Promise<void> {
    this.#closing = true
    this.#order({ kind: 'close' })
    const late = setTimeout(() => this.kill(), endWithin)
    await this.#ended
    clearTimeout(late)
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  #order(order: DevOrder): void {
    // It may end at any moment: then there is nobody to tell, and `close` is told by the event.
    if (this.#child.connected) this.#child.send(order, () => undefined)
  }
}

function startOf({ app, store, workers }: DevOptions): DevStart {
  return {
    app: pathToFileURL(app).href,
    store,
    drainWithin,
    ...(workers !== undefined && { workers }),
  }
}

/** Beside this file, as source or as built. */
function childFile(): string {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  return fileURLToPath(new URL(`dev-child${extension}`, import.meta.url))
}

function endedByItself(how: string | number | null): string {
  return `troupe dev: the app ended with ${how}; waiting for a change\n`
}
