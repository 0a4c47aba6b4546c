/**
 * Runs the example as a user does, in a process of its own, and watches how far its history is: the
 * store's write-ahead log grows with every commit, which makes it a clock that a kill can be set by.
 */

import { spawn } from 'node:child_process'
import { statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromSources } from '../../house/from-sources.ts'

/** Where the process stands. */
export const project = fileURLToPath(new URL('../../..', import.meta.url))
const main = fileURLToPath(new URL('../../../examples/knowledge-base/main.ts', import.meta.url))

/** How a process ended. */
export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** The most bytes that the store's write-ahead log was seen to have. */
  readonly logged: number
}

/** What is sent to the process once, when its log has more than `after` bytes. */
export interface Interference {
  readonly signal: NodeJS.Signals
  readonly after: number
}

/**
 * @param store must lie in a folder that is there
 * @param more of the environment
 */
export async function runExample(
  args: readonly string[],
  store: string,
  interference?: Interference,
  more: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const { NODE_TEST_CONTEXT: _ours, ...inherited } = process.env
  const env = { ...inherited, ...more }
  const child = spawn(process.execPath, [...fromSources, main, ...args, '--store', store], {
    cwd: project,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stdout = textOf(child.stdout)
  const stderr = textOf(child.stderr)
  let logged = 0
  let sent = false
  const watcher = watch(dirname(store), (_event, name) => {
    if (name !== `${basename(store)}-wal`) return
    logged = Math.max(logged, statSync(`${store}-wal`, { throwIfNoEntry: false })?.size ?? 0)
    if (interference === undefined || sent || logged <= interference.after) return
    sent = child.kill(interference.signal)
  })
  try {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
      (resolve, reject) => {
        child.once('error', reject)
        child.once('close', (...end) => resolve(end))
      },
    )
    return { code, signal, stdout: stdout(), stderr: stderr(), logged }
  } finally {
    watcher.close()
  }
}

/** The lines before the table. */
export const answerOf = ({ stdout }: Finished): string => stdout.split('\n\n')[0] ?? ''

function textOf(stream: NodeJS.ReadableStream): () => string {
  const chunks: string[] = []
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => chunks.push(chunk))
  return () => chunks.join('')
}
