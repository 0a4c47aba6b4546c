/** Runs a command of the `troupe` command line in this process, with its output as text. */
import { Readable } from 'node:stream'
import { run } from '../../runtime/cli/run.ts'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly isTTY?: boolean
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string
  /** Told of every write; may send Ctrl-C. */
  readonly onOutput?: (text: string, interrupt: () => void) => void
}

export async function troupe(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  const listeners = new Set<() => void>()
  const interrupt = (): void => {
    for (const listener of listeners) listener()
  }
  const terminal = {
    stdout: {
      isTTY: options.isTTY ?? false,
      write: (text: string) => {
        stdout += text
        options.onOutput?.(text, interrupt)
      },
    },
    stderr: {
      write: (text: string) => {
        stderr += text
      },
    },
    env: options.env ?? {},
    ...(options.input !== undefined && { stdin: Readable.from([options.input]) }),
    on: (_signal: string, listener: () => void) => listeners.add(listener),
    off: (_signal: string, listener: () => void) => listeners.delete(listener),
  }
  const code = await run(args, terminal)
  return { code, stdout, stderr }
}

export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
