/** How an MCP server is reached, and how much of it is listened to: the options and their checks. */
import { type Clock, SystemClock } from '../../../mailbox/clock.ts'
import { TroupeError } from '../../../mailbox/errors.ts'
import {
  aDuration,
  aFunction,
  anArray,
  anInteger,
  anObject,
  aText,
  checkOptions,
  oneOf,
} from '../../../mailbox/options.ts'

/** A value that is looked up when it is needed, so that no definition and no history holds it. */
export type McpValue = string | { readonly secret: string }

/** A server that is a child process and speaks through its standard input and output. */
export interface McpStdio {
  readonly command: string
  readonly args?: readonly string[]
  /** Added to the few variables that are harmless, such as PATH; nothing else of ours is handed on. */
  readonly env?: Readonly<Record<string, McpValue>>
  readonly cwd?: string
  /** Where its standard error goes. Default `ignore`. */
  readonly stderr?: 'ignore' | 'inherit'
}

/** A server behind a URL (Streamable HTTP). */
export interface McpHttp {
  readonly url: string
  /** Sent with every request, to the URL's own origin only. */
  readonly headers?: Readonly<Record<string, McpValue>>
}

/** How much a server may say. */
export interface McpLimits {
  /** Tools in a list. Default 128. */
  readonly tools?: number
  /** Characters of a description. Default 8,192. */
  readonly description?: number
  /** Bytes of a JSON Schema. Default 32,768. */
  readonly schema?: number
  /** Bytes of one message. Default 4 MiB. */
  readonly message?: number
}

/** What `mcpClient` takes. */
export interface McpClientOptions {
  /** For messages of errors. */
  readonly name: string
  readonly server: McpStdio | McpHttp
  /** Finds what `{ secret: 'NAME' }` stands for, each time it is needed. */
  readonly secrets?: (name: string) => string | undefined | Promise<string | undefined>
  /**
   * `auto` finds out whether the server speaks the revision of 2026 or an older one, `old` does not ask.
   * A server over stdio is started once more to find out. Default `auto`.
   */
  readonly revision?: 'auto' | 'old'
  /** Most ms to connect or to list. Default 30,000. */
  readonly timeout?: number
  /** Ms for which a list of tools is good; longer where the server says so. Default 60,000. */
  readonly fresh?: number
  readonly limits?: McpLimits
  /** For tests. Default: the system's clock. */
  readonly clock?: Clock
}

/** All options said. */
export interface McpPlan extends Required<Omit<McpClientOptions, 'limits'>> {
  readonly limits: Required<McpLimits>
}

/** @throws OPTION_INVALID */
export function checkMcpOptions(options: McpClientOptions): McpPlan {
  const what = `mcpClient ${String((options as { name?: unknown } | undefined)?.name)}`
  checkOptions(what, options, checks)
  const { name, server, limits = {} } = options
  if (name === undefined) throw invalid(what, '"name" is missing')
  if (server === undefined) throw invalid(what, '"server" is missing: { command } or { url }')
  checkOptions(`${what} limits`, limits, limitChecks)
  checkServer(what, server)
  return Object.freeze({
    name,
    server,
    secrets: options.secrets ?? (() => undefined),
    revision: options.revision ?? 'auto',
    timeout: options.timeout ?? 30_000,
    fresh: options.fresh ?? 60_000,
    limits: {
      tools: limits.tools ?? 128,
      description: limits.description ?? 8_192,
      schema: limits.schema ?? 32_768,
      message: limits.message ?? 4 * 1024 * 1024,
    },
    clock: options.clock ?? new SystemClock(),
  })
}

function checkServer(what: string, server: McpStdio | McpHttp): void {
  if ('url' in server) {
    checkOptions(`${what} server`, server, { url: aUrl, headers: anObject })
    checkValues(`${what} headers`, server.headers ?? {})
    return
  }
  checkOptions(`${what} server`, server, stdioChecks)
  if (server.command === undefined)
    throw invalid(what, 'its server has neither "command" nor "url"')
  checkValues(`${what} env`, server.env ?? {})
}

function checkValues(what: string, values: Readonly<Record<string, unknown>>): void {
  checkOptions(what, values, Object.fromEntries(Object.keys(values).map((name) => [name, aValue])))
}

const aValue = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof (value as { secret?: unknown } | null)?.secret === 'string'
    ? undefined
    : "a text, or { secret: 'NAME' }"

const aUrl = (value: unknown): string | undefined =>
  typeof value === 'string' && /^https?:$/.test(URL.parse(value)?.protocol ?? '')
    ? undefined
    : 'a URL of http or https'

const invalid = (what: string, why: string): TroupeError =>
  new TroupeError('OPTION_INVALID', `${what}: ${why}`)

const stdioChecks = {
  command: aText,
  args: anArray,
  env: anObject,
  cwd: aText,
  stderr: oneOf('ignore', 'inherit'),
}
const limitChecks = {
  tools: anInteger(1),
  description: anInteger(1),
  schema: anInteger(1),
  message: anInteger(1),
}
const checks = {
  name: aText,
  server: anObject,
  secrets: aFunction,
  revision: oneOf('auto', 'old'),
  timeout: aDuration,
  fresh: aDuration,
  limits: anObject,
  clock: anObject,
}
