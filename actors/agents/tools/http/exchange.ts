/**
 * One request to an address that was checked, and its response. A connection of its own, which is
 * closed after it; no proxy, no cookies, no redirects.
 */
import { type IncomingHttpHeaders, type IncomingMessage, request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import { isIP } from 'node:net'
import { TroupeError } from '../../../../mailbox/errors.ts'
import { textOf } from './body.ts'
import { unreachable } from './refused.ts'

export interface Outgoing {
  readonly method: string
  readonly url: URL
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

export interface Incoming {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Reads the body, once. Close it in any case. */
  text(maxBytes: number): Promise<string>
  close(): void
}

/**
 * @param addresses tried in order, the next when nothing could be sent to one
 * @throws TOOL_UNREACHABLE, or the signal's reason
 */
export async function exchange(
  outgoing: Outgoing,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<Incoming> {
  let failure: unknown
  for (const address of addresses) {
    const attempt = await sent(outgoing, address, signal)
    if ('response' in attempt) return incoming(outgoing.url, attempt.response, signal)
    failure = attempt.error
    if (attempt.connected) break
  }
  throw failed(outgoing.url, failure, signal)
}

type Attempt =
  | { readonly response: IncomingMessage }
  | { readonly error: unknown; readonly connected: boolean }

function sent(outgoing: Outgoing, address: string, signal: AbortSignal): Promise<Attempt> {
  const { url, method, headers, body } = outgoing
  const host = url.hostname
  const isSecure = url.protocol === 'https:'
  return new Promise((resolve) => {
    let connected = false
    const lost = (error: unknown): void => resolve({ error, connected })
    try {
      const request = (isSecure ? secureRequest : plainRequest)({
        // The address, not the name: nobody is asked for it again.
        host: address,
        port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
        method,
        path: `${url.pathname}${url.search}`,
        headers: { ...headers, host: url.host },
        // The certificate is for the name; addresses have none to send.
        ...(isSecure && { servername: isIP(host.replace(/[[\]]/g, '')) === 0 ? host : '' }),
        agent: false,
        signal,
      })
      request.once('socket', (socket) => socket.once('connect', () => (connected = true)))
      request.once('response', (response) => resolve({ response }))
      request.on('error', lost)
      request.end(body)
    } catch (error) {
      lost(error)
    }
  })
}

function incoming(url: URL, response: IncomingMessage, signal: AbortSignal): Incoming {
  // What goes wrong before somebody reads it must not be an unhandled error.
  response.on('error', () => undefined)
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    async text(maxBytes) {
      try {
        return await textOf(response, maxBytes)
      } catch (error) {
        throw failed(url, error, signal)
      }
    },
    close: () => void response.destroy(),
  }
}

/** Its code and no more: messages of Node may hold what was sent. */
function failed(url: URL, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  if (error instanceof TroupeError) return error
  const { code = 'it broke off' } = (error ?? {}) as { code?: string }
  return unreachable(url.origin, `cannot be reached, or broke off (${code})`)
}
