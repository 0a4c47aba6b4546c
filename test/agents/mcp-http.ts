/** A web-standard handler on a loopback port, and connections to it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { type McpClient, mcpClient } from '../../actors/agents/mcp/mcp-client.ts'
import type { McpClientOptions } from '../../actors/agents/mcp/mcp-options.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import { filesServer, type Watch } from './mcp-server.ts'

export type WebHandler = (request: Request) => Response | Promise<Response>

/** The URL of a handler. */
export async function serve(t: TestContext, handler: WebHandler): Promise<string> {
  const server = createServer(async (incoming, outgoing) => {
    const gone = new AbortController()
    outgoing.on('close', () => gone.abort())
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const { method = 'GET', headers } = incoming
    const body = chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }
    const request = new Request(`http://localhost${incoming.url}`, {
      ...{ method, headers: headers as Record<string, string>, signal: gone.signal },
      ...body,
    })
    const response = await handler(request)
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))
    if (response.body === null) outgoing.end()
    else
      Readable.fromWeb(response.body as never)
        .on('error', () => {})
        .pipe(outgoing)
  })
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
}

/** A handler that serves {@link filesServer}, and the requests that came to it. */
export function filesHandler(watch: Watch, legacy?: 'stateless' | 'reject') {
  const requests: Request[] = []
  const { fetch } = createMcpHandler(() => filesServer(watch), { legacy: legacy ?? 'reject' })
  const handler: WebHandler = (request) => {
    requests.push(request.clone())
    return fetch(request)
  }
  return { requests, handler }
}

/** A connection under a virtual clock. */
export function connect(
  t: TestContext,
  server: McpClientOptions['server'],
  more: Partial<McpClientOptions> = {},
): { readonly client: McpClient; readonly clock: VirtualClock } {
  const clock = new VirtualClock()
  const { signal } = new AbortController()
  const client = mcpClient({ signal }, { name: 'files', server, clock, ...more })
  t.after(() => client.close())
  return { client, clock }
}
