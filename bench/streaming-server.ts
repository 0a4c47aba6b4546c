/**
 * A process that answers ConverseStream over HTTP/2 as Bedrock does. Every answer stops half way until all
 * that were announced have come so far; what it says is encoded once, so that it is not what is measured.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { createServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { EventStreamCodec } from '@smithy/core/event-streams'

/** Pieces of text of one answer; half of them come before the stop. */
export const pieces = 20
export const piece = 'and so on, word for word, '

/** From outside: so many answers are to come, or those that wait shall go on. */
type Order = { readonly answers: number } | 'go on'
/** To outside: where it listens, that all wait, or that nobody listens any more to those that did. */
type Notice = { readonly url: string } | 'all wait' | 'all left'

/** The side of who asks. */
export class StreamingServer {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(url: string, child: ChildProcess) {
    this.url = url
    this.#child = child
  }

  static async start(): Promise<StreamingServer> {
    const child = fork(fileURLToPath(import.meta.url), ['serve'], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    const notice = await noticeOf(child)
    if (typeof notice === 'string') throw new Error('the server did not say where it listens')
    return new StreamingServer(notice.url, child)
  }

  /** Resolves when so many answers have stopped half way. */
  expect(answers: number): Promise<unknown> {
    const waiting = noticeOf(this.#child)
    this.#child.send({ answers } satisfies Order)
    return waiting
  }

  /** Resolves when the last of those that wait is closed by its reader. */
  left(): Promise<unknown> {
    return noticeOf(this.#child)
  }

  goOn(): void {
    this.#child.send('go on' satisfies Order)
  }

  close(): void {
    this.#child.disconnect()
  }
}

function noticeOf(child: ChildProcess): Promise<Notice> {
  return new Promise((resolve, reject) => {
    const died = (code: number | null): void => reject(new Error(`the server ended: ${code}`))
    child.once('exit', died)
    child.once('message', (notice) => {
      child.off('exit', died)
      resolve(notice as Notice)
    })
  })
}

// ── the process ─────────────────────────────────────────────────────────────────────────────────

function serve(): void {
  const [head, body, tail] = answer()
  const waiting = new Set<ServerHttp2Stream>()
  let expected = 0
  const server = createServer()
  server.on('stream', (stream) => {
    stream.resume()
    stream.on('error', () => undefined)
    stream.on('end', () => {
      stream.respond({ ':status': 200, 'content-type': 'application/vnd.amazon.eventstream' })
      stream.write(head)
      for (let i = 0; i < pieces / 2; i += 1) stream.write(body)
      waiting.add(stream)
      stream.on('close', () => {
        if (waiting.delete(stream) && waiting.size === 0) tell('all left')
      })
      if (waiting.size === expected) tell('all wait')
    })
  })
  process.on('message', (order: Order) => {
    if (order !== 'go on') {
      expected = order.answers
      return
    }
    const open = [...waiting]
    waiting.clear()
    for (const stream of open) {
      for (let i = 0; i < pieces / 2; i += 1) stream.write(body)
      stream.end(tail)
    }
  })
  process.on('disconnect', () => process.exit())
  server.listen(0, '127.0.0.1', () => {
    tell({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  })
}

function tell(notice: Notice): void {
  process.send?.(notice)
}

/** Its beginning, one piece, and its end. */
function answer(): readonly [Uint8Array, Uint8Array, Uint8Array] {
  const metadata = {
    usage: { inputTokens: 10, outputTokens: 100, totalTokens: 110 },
    metrics: { latencyMs: 1 },
  }
  return [
    event('messageStart', { role: 'assistant' }),
    event('contentBlockDelta', { contentBlockIndex: 0, delta: { text: piece } }),
    Buffer.concat([
      event('contentBlockStop', { contentBlockIndex: 0 }),
      event('messageStop', { stopReason: 'end_turn' }),
      event('metadata', metadata),
    ]),
  ]
}

function event(type: string, payload: object): Uint8Array {
  const codec = new EventStreamCodec(
    (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8'),
    (text: string) => Buffer.from(text, 'utf8'),
  )
  return codec.encode({
    headers: {
      ':message-type': { type: 'string', value: 'event' },
      ':event-type': { type: 'string', value: type },
      ':content-type': { type: 'string', value: 'application/json' },
    },
    body: Buffer.from(JSON.stringify(payload)),
  })
}

if (process.argv[2] === 'serve') serve()
