/** What went wrong with an MCP server, in words of ours: whose fault it is, and whether to connect anew. */
import { TroupeError } from '../../../mailbox/errors.ts'

export interface Trouble {
  readonly error: TroupeError
  /** The connection is of no more use. */
  readonly isLost: boolean
}

/** What it is when the server answered with an error. */
export type Answered = 'TOOL_FAILED' | 'MCP_INVALID'

/** The client's errors are told apart by name and code: they may come from another copy of it. */
export function troubleOf(server: string, error: unknown, answered: Answered): Trouble {
  if (error instanceof TroupeError) return { error, isLost: error.code === 'MCP_UNAVAILABLE' }
  const ours = ownCause(error)
  if (ours !== undefined) return { error: ours, isLost: false }
  const { name, code, status } = error as { name?: unknown; code?: unknown; status?: unknown }
  const said = saidBy(error)
  const made = (kind: Answered | 'MCP_DENIED' | 'MCP_UNAVAILABLE'): Trouble => ({
    error: new TroupeError(kind, `MCP server "${server}": ${said.slice(0, 1_000)}`, {
      cause: error,
    }),
    isLost: kind === 'MCP_UNAVAILABLE',
  })
  if (status === 401 || status === 403 || denied.has(code)) return made('MCP_DENIED')
  if (invalid.has(code) || name === 'ZodError' || name === 'SyntaxError') return made('MCP_INVALID')
  // It answered, with an error of its own.
  if (typeof code === 'number' && !(error instanceof DOMException)) return made(answered)
  return made('MCP_UNAVAILABLE')
}

/** With what is underneath: `fetch failed` says nothing. */
function saidBy(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message, cause } = error
  return cause instanceof Error ? `${message}: ${saidBy(cause)}` : message
}

/** An error that we threw ourselves within the client's transport. */
function ownCause(error: unknown): TroupeError | undefined {
  let cause: unknown = (error as { cause?: unknown } | null)?.cause
  for (let depth = 0; depth < 5 && cause !== undefined; depth += 1) {
    if (cause instanceof TroupeError) return cause
    cause = (cause as { cause?: unknown } | null)?.cause
  }
  return undefined
}

const denied: ReadonlySet<unknown> = new Set([
  'CLIENT_HTTP_AUTHENTICATION',
  'CLIENT_HTTP_FORBIDDEN',
])

const invalid: ReadonlySet<unknown> = new Set([
  'INVALID_RESULT',
  'UNSUPPORTED_RESULT_TYPE',
  'LIST_PAGINATION_EXCEEDED',
  'CLIENT_HTTP_UNEXPECTED_CONTENT',
  'METHOD_NOT_SUPPORTED_BY_PROTOCOL_VERSION',
])
