/** The conversation line by line: questions one after the other, commands in between. */

import { createInterface } from 'node:readline'
import { TroupeError } from 'troupe'
import type { Action } from './arguments.ts'
import { problemOf } from './problem.ts'
import type { Session } from './session.ts'
import { aside, type Terminal } from './terminal.ts'

const help =
  '/waiting, /approve ID, /refuse ID, /kill REASON (also in the middle of an answer), /revive; Ctrl-D ends'

/** @returns whether all went well */
export async function talk(session: Session, terminal: Terminal): Promise<boolean> {
  const { stdin, stdout, stderr, interrupt } = terminal
  const isTerminal = stdout.isTTY === true
  const lines = createInterface({ input: stdin, signal: interrupt })
  const prompt = (): void => {
    if (isTerminal) stdout.write('\n> ')
  }
  if (isTerminal) aside(stderr, `Ask something, for example: Where is order 17?   ${help}`)
  let isWell = true
  const act = async (line: string): Promise<void> => {
    const done = await attempt(session, line, terminal)
    isWell &&= done
    prompt()
  }
  let last = Promise.resolve()
  prompt()
  for await (const line of lines) {
    if (line.trim() === '') continue
    // A switch that waits for the answer it is to stop would be none.
    if (line.startsWith('/kill ')) await act(line)
    else last = last.then(() => act(line))
  }
  await last
  return isWell
}

async function attempt(session: Session, line: string, { stderr }: Terminal): Promise<boolean> {
  try {
    const action = actionOf(line)
    if (action !== undefined) return await session.do(action)
    aside(stderr, help)
    return true
  } catch (error) {
    if (!(error instanceof TroupeError) || error.code === 'SYSTEM_CLOSED') throw error
    aside(stderr, problemOf(error))
    return false
  }
}

function actionOf(line: string): Exclude<Action, { do: 'talk' }> | undefined {
  if (!line.startsWith('/')) return { do: 'ask', text: line }
  const [, command = '', rest = ''] = /^\/(\w+)\s*(.*)$/.exec(line) ?? []
  const verdict = { approval: rest, by: 'a colleague', note: '' }
  switch (command) {
    case 'waiting':
    case 'revive':
      return { do: command }
    case 'approve':
    case 'refuse':
      return rest === '' ? undefined : { do: 'decide', ...verdict, approve: command === 'approve' }
    case 'kill':
      return rest === '' ? undefined : { do: 'kill', reason: rest }
    default:
      return undefined
  }
}
