/**
 * Runs SELECTs that may never end: each in a process of its own, which is killed when its caller
 * gives it up.
 *
 * Neither a thread nor SQLite itself can be stopped in the middle of a statement (see ADR 011). A
 * process costs some 100 ms, which is little beside the model that wrote the query; and it has its own
 * memory, no environment, and nothing of ours to break.
 *
 * Invariants
 * 1. Every process that was begun is killed, whatever it answered.
 * 2. At most `processes` run; the others wait in order, and leave when they are given up.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Selected, SelectQuery } from './select.ts'
import type { SelectAnswer, SelectOrder } from './select-process.ts'

export interface SelectLimits {
  /** Most queries at once. */
  readonly processes: number
  /** Most queries that wait. */
  readonly waiting: number
  /** Most bytes for each process. */
  readonly memory: number
}

export class SelectRunner {
  readonly #file: string
  readonly #limits: SelectLimits
  readonly #waiting = new Set<() => void>()
  #running = 0

  constructor(file: string, limits: SelectLimits) {
    this.#file = file
    this.#limits = limits
  }

  /** @throws QUERY_INVALID, QUERY_FAILED, or the signal's reason */
  async run(query: SelectQuery, signal: AbortSignal): Promise<Selected> {
    await this.#place(signal)
    const child = this.#begin(query)
    try {
      return selectedOf(await answerOf(child, signal))
    } finally {
      child.kill('SIGKILL')
    }
  }

  #begin(query: SelectQuery): ChildProcess {
    try {
      const child = begin({ file: this.#file, query, memory: this.#limits.memory })
      // Its place is free when it is gone, not when it was told to go.
      child.once('close', () => this.#leave())
      return child
    } catch (cause) {
      this.#leave()
      throw died(cause)
    }
  }

  #place(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#running < this.#limits.processes) {
      this.#running += 1
      return Promise.resolve()
    }
    if (this.#waiting.size >= this.#limits.waiting) throw crowded(this.#waiting.size)
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = (): void => {
        this.#waiting.delete(enter)
        reject(signal.reason)
      }
      this.#waiting.add(enter)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  /** Hands its place to the next, or gives it up. */
  #leave(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#running -= 1
      return
    }
    this.#waiting.delete(next)
    next()
  }
}

function begin(order: SelectOrder): ChildProcess {
  // Without our options (a debugger's port, a loader) and our environment, where secrets are.
  const child = fork(programFile(), {
    execArgv: [],
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  // What cannot be sent shows as its end.
  child.send(order, () => undefined)
  return child
}

function programFile(): string {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  return fileURLToPath(new URL(`select-process${extension}`, import.meta.url))
}

function answerOf(child: ChildProcess, signal: AbortSignal): Promise<SelectAnswer> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason)
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) giveUp()
    child.once('message', (answer) => resolve(answer as SelectAnswer))
    child.once('error', (cause) => reject(died(cause)))
    child.once('close', () => {
      signal.removeEventListener('abort', giveUp)
      reject(died())
    })
  })
}

function selectedOf(answer: SelectAnswer): Selected {
  if ('selected' in answer) return answer.selected
  throw new TroupeError(answer.code, answer.message)
}

const died = (cause?: unknown): TroupeError =>
  new TroupeError('QUERY_FAILED', 'The process that ran the query ended before it answered.', {
    cause,
  })

const crowded = (waiting: number): TroupeError =>
  new TroupeError('QUERY_FAILED', `${waiting} queries wait for this database already; try later.`)
