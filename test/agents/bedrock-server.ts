/**
 * A local Bedrock: speaks the event-stream protocol over HTTP/2 (prior knowledge), as the AWS client
 * does, and over HTTP/1.1 for clients that use `fetch`. What it answers, faults included, is a script
 * of frames for each request.
 */
import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http'
import { constants, createServer as createHttp2, type Http2ServerResponse } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { EventStreamCodec } from '@smithy/core/event-streams'

/** One thing the server does while it answers. */
export type Frame =
  /** An event by its name, `messageStart`, and its payload. */
  | readonly [event: string, payload: object]
  | { readonly exception: string; readonly message?: string }
  /** Says nothing more, and does not end. */
  | 'stall'
  /** Ends in the middle of a frame. */
  | 'truncated'
  /** A frame whose checksum is wrong. */
  | 'corrupt'
  /** Ends as if that were all. */
  | 'end'
  /** Resets the stream. */
  | 'reset'
  /** Waits, then goes on. */
  | Promise<unknown>

/** What it answers to one request. */
export type Answer =
  | readonly Frame[]
  | {
      readonly status: number
      readonly error: string
      readonly message?: string
      readonly headers?: Readonly<Record<string, string>>
    }
  /** Never a byte. */
  | 'silence'

/** A request it got. */
export interface Asked {
  readonly path: string
  readonly streamed: boolean
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into it
  readonly body: any
  readonly headers: Readonly<Record<string, unknown>>
  /** Resolves when the exchange is over: `whole`, or `cut` when the client left. */
  readonly over: Promise<'whole' | 'cut'>
}

export interface BedrockServer {
  readonly url: string
  readonly asked: readonly Asked[]
  /** Answers to come, in order; a request without one gets status 500. */
  readonly answers: Answer[]
  /** Connections that are open. */
  readonly connections: number
  /** Resolves at the n-th request, 1 for the first. */
  arrived(n: number): Promise<Asked>
  close(): Promise<void>
}

const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
const codec = (): EventStreamCodec =>
  new EventStreamCodec(utf8, (text: string) => Buffer.from(text, 'utf8'))

export async function bedrockServer(protocol: 'h1' | 'h2' = 'h2'): Promise<BedrockServer> {
  const asked: Asked[] = []
  const answers: Answer[] = []
  const waiting: (() => void)[] = []
  const sockets = new Set<Socket>()
  const handle = async (request: IncomingMessage, response: Response): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const path = request.url ?? ''
    const { promise, resolve } = Promise.withResolvers<'whole' | 'cut'>()
    let whole = false
    response.on('close', () => resolve(whole ? 'whole' : 'cut'))
    response.on('error', () => {})
    const streamed = path.endsWith('-stream')
    const answer = answers.shift() ?? { status: 500, error: 'InternalServerException' }
    const { headers } = request
    asked.push({ path, streamed, text, body: JSON.parse(text), headers, over: promise })
    for (const look of waiting) look()
    await (streamed ? stream(response, answer) : reply(response, answer))
    whole = response.writableEnded
  }
  const server =
    protocol === 'h2'
      ? createHttp2((request, response) => void handle(request as never, response as never))
      : createHttp1((request, response) => void handle(request, response as never))
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  })
  server.on('sessionError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answers,
    get connections() {
      return sockets.size
    },
    arrived: (n) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = asked[n - 1]
          if (found !== undefined) resolve(found)
        }
        waiting.push(look)
        look()
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** What both protocols' responses can do. */
type Response = ServerResponse & Partial<Pick<Http2ServerResponse, 'stream'>>

async function stream(response: Response, answer: Answer): Promise<void> {
  if (answer === 'silence') return
  if (!isFrames(answer)) return refuse(response, answer)
  response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' })
  for (const frame of answer) {
    if (frame instanceof Promise) await frame
    else if (await fault(response, frame)) return
  }
  response.end()
}

/** Sends one frame; true when nothing comes after it. */
async function fault(
  response: Response,
  frame: Exclude<Frame, Promise<unknown>>,
): Promise<boolean> {
  switch (frame) {
    case 'stall':
      return true
    case 'end':
      response.end()
      return true
    case 'reset':
      // After what was written is out, so that the client has read it.
      await new Promise((sent) => response.write('', sent))
      if (response.stream === undefined) response.destroy()
      else response.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
      return true
    case 'truncated':
      response.end(Buffer.from(encoded(text(0, 'cut'))).subarray(0, 40))
      return true
    case 'corrupt': {
      const bytes = Buffer.from(encoded(text(0, 'cut')))
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
      response.end(bytes)
      return true
    }
    default:
      response.write(encoded(frame))
      return false
  }
}

/** The same as one JSON reply. */
async function reply(response: Response, answer: Answer): Promise<void> {
  if (answer === 'silence') return
  if (!isFrames(answer)) return refuse(response, answer)
  for (const frame of answer) {
    if (frame instanceof Promise) await frame
    if (frame === 'stall') return
    if (frame === 'reset') {
      if (response.stream === undefined) response.destroy()
      else response.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
      return
    }
  }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(whole(answer)))
}

const isFrames = (answer: Answer): answer is readonly Frame[] => Array.isArray(answer)

function refuse(
  response: Response,
  { status, error, message = 'no', headers = {} }: Exclude<Answer, string | readonly Frame[]>,
): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-amzn-errortype': error,
    'x-amzn-requestid': 'request-1',
    ...headers,
  })
  response.end(JSON.stringify({ message }))
}

function encoded(frame: Exclude<Frame, Promise<unknown> | string>): Uint8Array {
  const string = (value: string): { type: 'string'; value: string } => ({ type: 'string', value })
  if ('exception' in frame) {
    return codec().encode({
      headers: {
        ':message-type': string('exception'),
        ':exception-type': string(frame.exception),
        ':content-type': string('application/json'),
      },
      body: Buffer.from(JSON.stringify({ message: frame.message ?? 'no' })),
    })
  }
  const [event, payload] = frame
  return codec().encode({
    headers: {
      ':message-type': string('event'),
      ':event-type': string(event),
      ':content-type': string('application/json'),
    },
    // Real frames are padded.
    body: Buffer.from(JSON.stringify({ ...payload, p: 'abcdefgh' })),
  })
}

// biome-ignore lint/suspicious/noExplicitAny: frames are free in form
type Free = any

/** Puts the blocks of a stream together, as Converse answers. */
function whole(frames: readonly Frame[]): object {
  const content: Free[] = []
  let stopReason = ''
  let usage: Free
  for (const frame of frames) {
    if (!Array.isArray(frame)) continue
    const [event, payload] = frame as [string, Free]
    const at = payload.contentBlockIndex
    if (event === 'contentBlockStart') {
      content[at] = { toolUse: { ...payload.start.toolUse, input: '' } }
    }
    if (event === 'contentBlockDelta') content[at] = grown(content[at], payload.delta)
    if (event === 'messageStop') stopReason = payload.stopReason
    if (event === 'metadata') usage = payload.usage
  }
  for (const block of content) {
    if (typeof block?.toolUse?.input === 'string') {
      block.toolUse.input = JSON.parse(block.toolUse.input || '{}')
    }
  }
  const message = { role: 'assistant', content: content.filter(Boolean) }
  return { output: { message }, stopReason, usage, metrics: { latencyMs: 1 } }
}

function grown(block: Free, delta: Free): Free {
  if (delta.toolUse) {
    return { toolUse: { ...block.toolUse, input: block.toolUse.input + delta.toolUse.input } }
  }
  if (delta.reasoningContent) {
    const { text = '', signature = '' } = block?.reasoningContent?.reasoningText ?? {}
    const { text: more = '', signature: sealed = '' } = delta.reasoningContent
    const reasoningText = { text: text + more, signature: signature + sealed }
    return { reasoningContent: { reasoningText } }
  }
  if (delta.citation) {
    const said = block.citationsContent ?? { content: [{ text: block.text }], citations: [] }
    return { citationsContent: { ...said, citations: [...said.citations, delta.citation] } }
  }
  return { ...block, text: (block?.text ?? '') + delta.text }
}

// The frames of a stream, by what they are for.

export const start: Frame = ['messageStart', { role: 'assistant' }]

export const text = (contentBlockIndex: number, words: string): readonly [string, object] => [
  'contentBlockDelta',
  { contentBlockIndex, delta: { text: words } },
]

export const thought = (contentBlockIndex: number, words: string): Frame => [
  'contentBlockDelta',
  { contentBlockIndex, delta: { reasoningContent: { text: words } } },
]

export const seal = (contentBlockIndex: number, signature: string): Frame => [
  'contentBlockDelta',
  { contentBlockIndex, delta: { reasoningContent: { signature } } },
]

export const tool = (contentBlockIndex: number, toolUseId: string, name: string): Frame => [
  'contentBlockStart',
  { contentBlockIndex, start: { toolUse: { toolUseId, name } } },
]

export const input = (contentBlockIndex: number, fragment: string): Frame => [
  'contentBlockDelta',
  { contentBlockIndex, delta: { toolUse: { input: fragment } } },
]

export const cited = (
  contentBlockIndex: number,
  searchResultIndex: number,
  from: number,
  to: number,
): Frame => [
  'contentBlockDelta',
  {
    contentBlockIndex,
    delta: {
      citation: { location: { searchResultLocation: { searchResultIndex, start: from, end: to } } },
    },
  },
]

export const blockEnd = (contentBlockIndex: number): Frame => [
  'contentBlockStop',
  { contentBlockIndex },
]

export const stop = (stopReason = 'end_turn'): Frame => ['messageStop', { stopReason }]

export const usage = (inputTokens = 11, outputTokens = 7, more: object = {}): Frame => [
  'metadata',
  {
    usage: { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens, ...more },
    metrics: { latencyMs: 1 },
  },
]

/** A whole answer of some words. */
export const answer = (...words: readonly string[]): Frame[] => [
  start,
  ...words.map((word) => text(0, word)),
  blockEnd(0),
  stop(),
  usage(),
]

/** A whole answer that calls the tool of the contract suite, its input in pieces. */
export const toolAnswer = (at = 0): Frame[] => [
  start,
  tool(at, 'w1', 'weather'),
  input(at, '{"ci'),
  input(at, 'ty":"Bo'),
  input(at, 'nn"}'),
  blockEnd(at),
  stop('tool_use'),
  usage(),
]
