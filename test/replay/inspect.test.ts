/** `troupe rerun --inspect-brk`: a debugger stops in the handler of the chosen turn. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { RecordKind } from '../../persistence/record.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import { selectRecords } from '../../persistence/replay/scan.ts'
import type { StoredRecord } from '../../persistence/stored.ts'
import { temporaryFolder, writeBank } from './bank.ts'
import { troupe } from './cli.ts'

const loader = fileURLToPath(new URL('../house/sources.mjs', import.meta.url))
const main = fileURLToPath(new URL('../../runtime/cli/main.ts', import.meta.url))

interface Said {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly callFrames?: readonly Frame[] }
  readonly result?: { readonly result?: { readonly value?: unknown } }
}
interface Frame {
  readonly callFrameId: string
  readonly functionName: string
  readonly url: string
}

/** Looks at an expression wherever the process stops, and goes on. */
async function atEachPause(address: string, expression: string): Promise<unknown[][]> {
  const pauses: unknown[][] = []
  const socket = new WebSocket(address)
  let ids = 0
  const ask = (method: string, params: object = {}) => {
    ids += 1
    socket.send(JSON.stringify({ id: ids, method, params }))
    return ids
  }
  let asked: { readonly id: number; readonly frame: Frame } | undefined
  socket.addEventListener('open', () => {
    ask('Debugger.enable')
    ask('Runtime.runIfWaitingForDebugger')
  })
  socket.addEventListener('message', ({ data }) => {
    const { id, method, params, result } = JSON.parse(String(data)) as Said
    const frame = params?.callFrames?.[0]
    if (method === 'Debugger.paused' && frame !== undefined) {
      const { callFrameId } = frame
      asked = { id: ask('Debugger.evaluateOnCallFrame', { callFrameId, expression }), frame }
    } else if (asked !== undefined && id === asked.id) {
      pauses.push([asked.frame.functionName, result?.result?.value])
      ask('Debugger.resume')
    }
  })
  await new Promise((resolve) => socket.addEventListener('close', resolve, { once: true }))
  return pauses
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stderr?.on('data', (chunk) => {
      text += String(chunk)
      const found = /ws:\/\/\S+/.exec(text)
      if (found !== null) resolve(found[0])
    })
    child.on('close', () => reject(new Error(`no inspector: ${text}`)))
  })
}

test('rerun --inspect-brk: stops a debugger in the handler of the chosen turn, and goes on', async (t) => {
  const file = join(temporaryFolder(t), 'bank.db')
  await writeBank(file)
  const { reader, close } = openRecording(file)
  const turns = [...selectRecords(reader)].filter(
    (one) => (one as StoredRecord).kind === RecordKind.turn,
  ) as StoredRecord[]
  close()
  const second = turns[1] as StoredRecord
  const env = { ...process.env }
  delete env['NODE_TEST_CONTEXT']
  const range = ['--from', String(second.position), '--inspect-brk', '--inspect-port', '0']
  const args = ['--import', loader, main, 'rerun', file, second.actor, ...range]
  const child = spawn(process.execPath, args, { env })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += String(chunk)
  })
  const ended = new Promise((resolve) => child.on('close', resolve))
  const pauses = await atEachPause(await addressOf(child), 'amount')
  assert.equal(await ended, 0)
  assert.deepEqual(pauses, [['deposit', 7]], 'the second deposit, and no later turn')
  assert.match(output, /all do what they did/)
})

test('rerun --inspect-port: a mistake is told', async (t) => {
  const file = join(temporaryFolder(t), 'bank.db')
  await writeBank(file)
  const { code, stderr } = await troupe(['rerun', file, '--inspect-port', '1'])
  assert.equal(code, 2)
  assert.match(stderr, /--inspect-port is for --inspect-brk/)
})
