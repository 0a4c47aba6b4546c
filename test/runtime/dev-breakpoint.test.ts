/**
 * docs/debugging.md: a debugger pauses a handler in a worker thread, in the source as it was written.
 * Speaks the inspector's protocol as an editor does, from another process.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { root } from '../house/repository.ts'

const troupe = pathToFileURL(join(root, 'runtime/index.ts')).href

const appSource = `import { actor, app, contract, message } from '${troupe}'
export const Box = contract('box', { put: message<{ n: number }, number>() })
const box = actor(Box, {
  durable: true,
  state: () => ({ sum: 0 }),
  on: {
    put(ctx, { n }) {
      ctx.state.sum += n
      return ctx.state.sum
    },
  },
})
export default app(import.meta.url, { actors: [box] })
`
const mainSource = `import { createSystem } from '${troupe}'
import boxes, { Box } from './app.mts'
const system = await createSystem(boxes, { workers: 1, store: 'memory' })
console.log('sum', await system.ref(Box, 'a').ask.put({ n: 7 }))
await system.close()
`
/** As the protocol counts: from 0. */
const handlerLine = appSource.split('\n').findIndex((line) => line.includes('sum += n'))

interface Answer {
  readonly id?: number
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
}

/** A connection to one inspector: commands with answers, and events. */
class Inspector {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  readonly #event: (event: Answer) => void
  #ids = 0

  constructor(socket: WebSocket, event: (event: Answer) => void) {
    this.#socket = socket
    this.#event = event
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(String(data)) as Answer))
  }

  ask(method: string, params: object = {}): Promise<Answer> {
    this.#ids += 1
    const id = this.#ids
    this.#socket.send(JSON.stringify({ id, method, params }))
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }

  #take(answer: Answer): void {
    if (answer.id === undefined) return this.#event(answer)
    this.#waiting.get(answer.id)?.(answer)
  }
}

/** One worker thread, spoken to through the main thread's inspector. */
class WorkerInspector {
  readonly #main: Inspector
  readonly #sessionId: string
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #ids = 0

  constructor(main: Inspector, sessionId: string) {
    this.#main = main
    this.#sessionId = sessionId
  }

  async ask(method: string, params: object = {}): Promise<Answer> {
    this.#ids += 1
    const id = this.#ids
    const answer = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve))
    const message = JSON.stringify({ id, method, params })
    await this.#main.ask('NodeWorker.sendMessageToWorker', { sessionId: this.#sessionId, message })
    return await answer
  }

  /** @returns the event, if it is one */
  take(message: Answer): Answer | undefined {
    if (message.id === undefined) return message
    this.#waiting.get(message.id)?.(message)
    return undefined
  }
}

interface Pause {
  readonly line: number
  readonly n: unknown
}

/** Breaks where `url` has `line` in any worker, looks at `n` there, and goes on. */
async function breakInWorkers(address: string, url: string, line: number): Promise<Pause[]> {
  const pauses: Pause[] = []
  const workers = new Map<string, WorkerInspector>()
  const socket = new WebSocket(address)
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }))
  const main = new Inspector(socket, (event) => {
    const { sessionId, message } = (event.params ?? {}) as { sessionId: string; message: string }
    // A process that is debugged does not end before its debuggers have left.
    if (event.method === 'NodeRuntime.waitingForDisconnect') socket.close()
    if (event.method === 'NodeWorker.attachedToWorker') void attached(sessionId)
    if (event.method === 'NodeWorker.receivedMessageFromWorker') {
      const worker = workers.get(sessionId)
      const told = worker?.take(JSON.parse(message) as Answer)
      if (worker && told?.method === 'Debugger.paused') void paused(worker, told)
    }
  })

  async function attached(sessionId: string): Promise<void> {
    const worker = new WorkerInspector(main, sessionId)
    workers.set(sessionId, worker)
    await worker.ask('Debugger.enable')
    await worker.ask('Debugger.setBreakpointByUrl', { url, lineNumber: line })
    await worker.ask('Runtime.runIfWaitingForDebugger')
  }

  async function paused(worker: WorkerInspector, event: Answer): Promise<void> {
    const { callFrames, hitBreakpoints } = event.params as {
      callFrames: { callFrameId: string; location: { lineNumber: number } }[]
      hitBreakpoints: string[]
    }
    const [frame] = callFrames
    // A worker that is attached at its start pauses at its first line, too.
    if (frame !== undefined && hitBreakpoints.length > 0) {
      const { callFrameId, location } = frame
      const found = await worker.ask('Debugger.evaluateOnCallFrame', {
        callFrameId,
        expression: 'n',
      })
      const { result } = found.result as { result: { value: unknown } }
      pauses.push({ line: location.lineNumber, n: result.value })
    }
    await worker.ask('Debugger.resume')
  }

  await main.ask('NodeRuntime.notifyWhenWaitingForDisconnect', { enabled: true })
  await main.ask('NodeWorker.enable', { waitForDebuggerOnStart: true })
  await main.ask('Runtime.runIfWaitingForDebugger')
  await new Promise((resolve) => socket.addEventListener('close', resolve, { once: true }))
  return pauses
}

function start(folder: string) {
  const env = { ...process.env }
  // A child of a test must not report to the test runner in its own protocol.
  delete env['NODE_TEST_CONTEXT']
  const args = ['--inspect-brk=127.0.0.1:0', 'main.mts']
  return spawn(process.execPath, args, { cwd: folder, env })
}

/** Resolves to the address that the process tells its debuggers. */
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

test('debugging: a breakpoint in a handler pauses its worker thread, in the TypeScript source', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'troupe-breakpoint-')))
  let child: ReturnType<typeof start> | undefined
  try {
    writeFileSync(join(folder, 'app.mts'), appSource)
    writeFileSync(join(folder, 'main.mts'), mainSource)
    child = start(folder)
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += String(chunk)
    })
    const ended = new Promise((resolve) => child?.on('close', resolve))
    const url = pathToFileURL(join(folder, 'app.mts')).href
    const pauses = await breakInWorkers(await addressOf(child), url, handlerLine)
    assert.equal(await ended, 0)
    assert.deepEqual(pauses, [{ line: handlerLine, n: 7 }])
    assert.equal(output, 'sum 7\n')
  } finally {
    child?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})
