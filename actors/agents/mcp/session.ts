/** One connection to an MCP server, over the official client, which is loaded when first needed. */
import type { CallToolResult, Client, PriorDiscovery, Tool } from '@modelcontextprotocol/client'
import { longestTimeout } from '../../../mailbox/clock.ts'
import { notInstalled } from '../models/optional.ts'
import type { Json } from '../parts.ts'
import { boundedFetch } from './bounded-fetch.ts'
import type { McpHttp, McpPlan, McpStdio } from './mcp-options.ts'
import type { Withheld } from './withheld.ts'

type Sdk = typeof import('@modelcontextprotocol/client')

/** What a server lists, and for how many ms it says that this is good. */
export interface ServerTools {
  readonly tools: readonly Tool[]
  readonly ttl: number
}

interface SessionSide {
  /** It is over, not by our doing. */
  closed(): void
  /** The server's tools are others now. */
  changed(): void
}

/** Bound the walk along a list whose end never comes. */
const mostPages = 32

/** Whoever asks ends the wait through a signal; the client's own limits would come in between. */
const unlimited = { timeout: longestTimeout } as const

export class Session {
  readonly #client: Client

  private constructor(client: Client) {
    this.#client = client
  }

  /** @param prior what an earlier session found out about the server */
  static async open(
    plan: McpPlan,
    withheld: Withheld,
    side: SessionSide,
    signal: AbortSignal,
    prior: PriorDiscovery | undefined,
  ): Promise<Session> {
    const name = '@modelcontextprotocol/client'
    const sdk = await import('@modelcontextprotocol/client').catch(notInstalled(name))
    const { server } = plan
    const isChild = 'command' in server
    const client = clientOf(sdk, plan, isChild, side)
    const transport = isChild
      ? await stdio(server, plan, withheld)
      : http(sdk, server, plan, withheld)
    client.onclose = () => side.closed()
    try {
      const known = isChild && prior !== undefined ? { prior } : {}
      await client.connect(transport, { ...unlimited, ...known, signal })
      return new Session(client)
    } catch (error) {
      client.onclose = () => undefined
      await transport.close().catch(() => undefined)
      throw error
    }
  }

  /** What is known of the server, for the next session. */
  get found(): PriorDiscovery | undefined {
    const discover = this.#client.getDiscoverResult()
    return discover === undefined ? undefined : { kind: 'modern', discover }
  }

  /** Every page of what it offers. */
  async list(signal: AbortSignal): Promise<ServerTools> {
    // The client answers this with a line on the console.
    if (this.#client.getServerCapabilities()?.tools === undefined) return { tools: [], ttl: 0 }
    const options = { ...unlimited, signal, cacheMode: 'refresh' } as const
    const { tools, ttlMs } = await this.#client.listTools(undefined, options)
    return { tools, ttl: typeof ttlMs === 'number' ? ttlMs : 0 }
  }

  /** When `signal` aborts, the server is told to stop. */
  call(name: string, input: Json, signal: AbortSignal): Promise<CallToolResult> {
    const params = { name, arguments: input as Record<string, unknown> }
    return this.#client.callTool(params, { ...unlimited, signal })
  }

  close(): Promise<void> {
    this.#client.onclose = () => undefined
    return this.#client.close()
  }
}

function clientOf(sdk: Sdk, plan: McpPlan, isChild: boolean, side: SessionSide): Client {
  const onChanged = (): void => side.changed()
  const client = new sdk.Client(
    { name: 'troupe', version: '0' },
    {
      versionNegotiation: {
        mode: plan.revision === 'old' ? 'legacy' : 'auto',
        probe: { timeoutMs: Math.max(1, Math.min(10_000, plan.timeout / 2)) },
      },
      // There is no human within a tool call: a server that asks for one is told to the model as it is.
      inputRequired: { autoFulfill: false },
      listMaxPages: mostPages,
      // A schema of the server's may take for ever on a text of the server's: neither is compiled here.
      jsonSchemaValidator: {
        getValidator: () => (input) => ({
          valid: true,
          data: input as never,
          errorMessage: undefined,
        }),
      },
      // Over HTTP it would keep a stream open, and a thread awake, for each host (S4).
      ...(isChild && { listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged } } }),
    },
  )
  if (!isChild) client.setNotificationHandler('notifications/tools/list_changed', onChanged)
  return client
}

async function stdio(server: McpStdio, { limits }: McpPlan, withheld: Withheld) {
  const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio')
  return new StdioClientTransport({
    command: server.command,
    args: [...(server.args ?? [])],
    env: await withheld.resolve(server.env),
    stderr: server.stderr ?? 'ignore',
    maxBufferSize: limits.message,
    ...(server.cwd !== undefined && { cwd: server.cwd }),
  })
}

function http(sdk: Sdk, { url, headers }: McpHttp, { name, limits }: McpPlan, withheld: Withheld) {
  const target = new URL(url)
  return new sdk.StreamableHTTPClientTransport(target, {
    onInsufficientScope: 'throw',
    fetch: boundedFetch({
      server: name,
      origin: target.origin,
      most: limits.message,
      headers: () => withheld.resolve(headers),
    }),
  })
}
