/**
 * `fetch` for one server: to its origin only, with its headers, and no more of an answer than one message
 * may have. Without that a server could fill the memory of the thread that asks it.
 */
import { TroupeError } from '../../../mailbox/errors.ts'

interface Bounds {
  readonly server: string
  readonly origin: string
  /** Bytes of one message: of a body, or of one event of a stream. */
  readonly most: number
  headers(): Promise<Readonly<Record<string, string>>>
}

export const boundedFetch =
  (bounds: Bounds) =>
  async (url: string | URL, init?: RequestInit): Promise<Response> => {
    if (new URL(url).origin !== bounds.origin) throw elsewhere(bounds, String(url))
    const headers = new Headers(init?.headers)
    for (const [name, value] of Object.entries(await bounds.headers())) headers.set(name, value)
    const response = await fetch(url, { ...init, headers })
    if (response.body === null) return response
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
    const { status, statusText } = response
    return new Response(response.body.pipeThrough(counter(bounds, isStream)), {
      ...{ status, statusText },
      headers: response.headers,
    })
  }

function counter({ server, most }: Bounds, isStream: boolean) {
  let bytes = 0
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.length
      if (bytes > most) return controller.error(tooLong(server, most))
      // An event of a stream ends with an empty line; a chunk without any is the middle of one.
      if (isStream && emptyLine.test(Buffer.from(chunk).toString('latin1'))) bytes = 0
      controller.enqueue(chunk)
    },
  })
}

const emptyLine = /\n\r?\n/

const tooLong = (server: string, most: number): TroupeError =>
  new TroupeError(
    'MCP_INVALID',
    `MCP server "${server}": an answer has more than ${most} bytes (limits.message)`,
  )

const elsewhere = ({ server, origin }: Bounds, url: string): TroupeError =>
  new TroupeError('MCP_INVALID', `MCP server "${server}": it led from ${origin} to ${url}`)
