/**
 * An MCP server as one host thread knows it: one connection, made when it is first needed and made anew
 * when it was lost. Belongs into the `deps` of an app, and ends with its host.
 *
 *   idle ──use──► open (connecting, then up) ──lost, or it failed──► down ──use, after a pause──► open
 *                                                                   any ──close──► closed
 *
 * Invariants
 * 1. There is one connection at most, whoever asks at once.
 * 2. After the second loss in a row without an answer in between, nobody connects for a while: 500 ms,
 *    doubling to 30 s. Who asks meanwhile is told so at once.
 * 3. No call is made twice: whether one that was cut off took effect is for its tool to say (D2).
 */
import type { PriorDiscovery } from '@modelcontextprotocol/client'
import { TroupeError } from '../../../mailbox/errors.ts'
import type { Json } from '../parts.ts'
import type { ListedTool } from '../tools/listed-tool.ts'
import { checkedList } from './listed.ts'
import { checkMcpOptions, type McpClientOptions, type McpPlan } from './mcp-options.ts'
import { outputOfResult } from './result.ts'
import { Session } from './session.ts'
import { type Answered, troubleOf } from './trouble.ts'
import { Withheld } from './withheld.ts'

const firstPause = 500
const longestPause = 30_000
/** A server cannot have its list kept for longer. */
const longestFresh = 24 * 60 * 60 * 1_000

type State =
  | { readonly at: 'idle' }
  | { readonly at: 'open'; readonly opened: Promise<Session> }
  | { readonly at: 'down'; readonly until: number }
  | { readonly at: 'closed' }

interface List {
  readonly tools: Promise<readonly ListedTool[]>
  /** Monotonic ms. */
  until: number
}

/** A connection to an MCP server; made by {@link mcpClient}. */
export class McpClient {
  readonly #plan: McpPlan
  readonly #withheld: Withheld
  readonly #ended = new AbortController()
  #state: State = { at: 'idle' }
  #list: List | undefined
  /** Losses in a row, with no answer in between. */
  #losses = 0
  #found: PriorDiscovery | undefined

  /** Use {@link mcpClient}. */
  constructor(plan: McpPlan) {
    this.#plan = plan
    this.#withheld = new Withheld(plan)
  }

  /** Of the server, for messages. */
  get name(): string {
    return this.#plan.name
  }

  /**
   * What it offers, by name: asked for when what is known is older than `fresh`, or the server said that it
   * has changed.
   * @throws MCP_UNAVAILABLE, MCP_INVALID, MCP_DENIED, PACKAGE_MISSING
   */
  tools(signal: AbortSignal): Promise<readonly ListedTool[]> {
    if (this.#list === undefined || this.#plan.clock.mono() >= this.#list.until) this.#refresh()
    // Whoever asks at once gets one answer, and who leaves does not take it from the others.
    return unlessAborted((this.#list as List).tools, signal)
  }

  /**
   * Calls a tool. When `signal` aborts the server is told.
   * @throws TOOL_FAILED with what the server says, MCP_UNAVAILABLE, MCP_INVALID, MCP_DENIED
   */
  async call(tool: string, input: Json, signal: AbortSignal): Promise<Json> {
    const opened = this.#opened()
    let sent = ''
    try {
      const session = await unlessAborted(opened, signal)
      sent = cutOff
      const result = await session.call(tool, input, signal)
      this.#losses = 0
      return this.#withheld.json(outputOfResult(result))
    } catch (error) {
      signal.throwIfAborted()
      throw this.#trouble(opened, error, 'TOOL_FAILED', sent)
    }
  }

  /** Ends the connection, and with it a server that is a child process. */
  async close(): Promise<void> {
    const state = this.#state
    this.#state = { at: 'closed' }
    this.#list = undefined
    this.#ended.abort(closed(this.name))
    if (state.at === 'open') await quietly(state.opened)
  }

  #refresh(): void {
    const { clock, fresh } = this.#plan
    const tools = this.#read().then(({ tools, ttl }) => {
      list.until = clock.mono() + Math.max(fresh, Math.min(ttl, longestFresh))
      return tools
    })
    const list: List = { tools, until: Number.POSITIVE_INFINITY }
    this.#list = list
    tools.catch(() => {
      if (this.#list === list) this.#list = undefined
    })
  }

  async #read() {
    const opened = this.#opened()
    const limit = this.#limit()
    try {
      const session = await opened
      const { tools, ttl } = await unlessAborted(session.list(limit.signal), limit.signal)
      this.#losses = 0
      return { tools: this.#withheld.json(checkedList(this.#plan, tools)), ttl }
    } catch (error) {
      throw this.#trouble(opened, error, 'MCP_INVALID')
    } finally {
      limit.end()
    }
  }

  #opened(): Promise<Session> {
    const state = this.#state
    switch (state.at) {
      case 'open':
        return state.opened
      case 'closed':
        return Promise.reject(closed(this.name))
      case 'down':
        if (this.#plan.clock.mono() < state.until) return Promise.reject(this.#paused(state.until))
        return this.#open()
      case 'idle':
        return this.#open()
      default:
        return state satisfies never
    }
  }

  #open(): Promise<Session> {
    const limit = this.#limit()
    const side = {
      closed: () => this.#lost(opened),
      changed: () => {
        this.#list = undefined
      },
    }
    const connecting = Session.open(this.#plan, this.#withheld, side, limit.signal, this.#found)
    const opened = unlessAborted(connecting, limit.signal).finally(() => limit.end())
    this.#state = { at: 'open', opened }
    opened.then(
      (session) => {
        this.#found = session.found
      },
      () => {
        // What was found out before may be what is wrong now.
        this.#found = undefined
        this.#lost(opened)
        void quietly(connecting)
      },
    )
    return opened
  }

  /** A connection is over, if it still is the one. */
  #lost(opened: Promise<Session>): void {
    if (this.#state.at !== 'open' || this.#state.opened !== opened) return
    this.#losses += 1
    const pause = this.#losses < 2 ? 0 : firstPause * 2 ** (this.#losses - 2)
    const until = this.#plan.clock.mono() + Math.min(longestPause, pause)
    this.#state = { at: 'down', until }
    this.#list = undefined
    void quietly(opened)
  }

  /** The error to tell, after what it means for the connection. */
  #trouble(
    opened: Promise<Session>,
    error: unknown,
    answered: Answered,
    whenLost = '',
  ): TroupeError {
    const { error: told, isLost } = troubleOf(this.name, error, answered)
    if (isLost) this.#lost(opened)
    const { code, message, fields, cause } = told
    return new TroupeError(code, this.#withheld.text(message) + (isLost ? whenLost : ''), {
      fields,
      cause,
    })
  }

  /** So long may the server be silent. */
  #limit(): { readonly signal: AbortSignal; end(): void } {
    const { clock, timeout, name } = this.#plan
    const limit = new AbortController()
    const end = clock.alarm(clock.mono() + timeout, () => limit.abort(silent(name, timeout)))
    return { signal: AbortSignal.any([limit.signal, this.#ended.signal]), end }
  }

  #paused(until: number): TroupeError {
    const retryAfter = Math.ceil(until - this.#plan.clock.mono())
    return new TroupeError(
      'MCP_UNAVAILABLE',
      `MCP server "${this.name}" was lost ${this.#losses} times in a row; it is tried again in ${retryAfter} ms`,
      { fields: { server: this.name, retryAfter } },
    )
  }
}

/**
 * Makes the connection to an MCP server, for the `deps` of an app: each host thread has its own, and makes
 * it when a tool or a list of tools is first asked for.
 *
 * @param host what `deps` is called with: the connection ends with it
 * @throws OPTION_INVALID
 */
export function mcpClient(
  host: { readonly signal: AbortSignal },
  options: McpClientOptions,
): McpClient {
  const client = new McpClient(checkMcpOptions(options))
  host.signal.addEventListener('abort', () => void client.close(), { once: true })
  return client
}

/** Closes what was opened, if it was; nobody waits to hear of it. */
const quietly = (opened: Promise<Session>): Promise<void> =>
  opened.then((session) => session.close()).catch(() => undefined)

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const stop = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await Promise.race([aborted.promise, work])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

const cutOff = '. The call was cut off: whether it took effect is not known.'

const silent = (name: string, timeout: number): TroupeError =>
  new TroupeError('MCP_UNAVAILABLE', `MCP server "${name}" did not answer within ${timeout} ms`)

const closed = (name: string): TroupeError =>
  new TroupeError('SYSTEM_CLOSED', `MCP server "${name}": its host shuts down`)
