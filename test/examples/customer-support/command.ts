/** Runs the example as a user does, in a process of its own, up to its end or until it is killed. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { fromSources } from '../../house/from-sources.ts'

const project = fileURLToPath(new URL('../../..', import.meta.url))
const main = fileURLToPath(new URL('../../../examples/customer-support/main.ts', import.meta.url))

/** How a process ended. */
export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  /** Killed, by SIGKILL, when this was said on stdout. */
  readonly killAfter?: string
  /** What is written to it, which then stays open; without it nothing comes. */
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
}

export async function command(
  args: readonly string[],
  { killAfter, stdin, env = {} }: CommandOptions = {},
): Promise<Finished> {
  const { NODE_TEST_CONTEXT: _ours, ...inherited } = process.env
  const child = spawn(process.execPath, [...fromSources, main, ...args], {
    cwd: project,
    env: { ...inherited, ...env },
  })
  const stdout = textOf(child, 'stdout', (text) => {
    if (killAfter !== undefined && text.includes(killAfter)) child.kill('SIGKILL')
  })
  const stderr = textOf(child, 'stderr', () => undefined)
  if (stdin === undefined) child.stdin.end()
  else child.stdin.write(stdin)
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
    (resolve, reject) => {
      child.once('error', reject)
      child.once('close', (...end) => resolve(end))
    },
  )
  return { code, signal, stdout: stdout(), stderr: stderr() }
}

function textOf(
  child: ChildProcessWithoutNullStreams,
  name: 'stdout' | 'stderr',
  grown: (text: string) => void,
): () => string {
  let text = ''
  child[name].setEncoding('utf8')
  child[name].on('data', (chunk: string) => {
    text += chunk
    grown(text)
  })
  return () => text
}
