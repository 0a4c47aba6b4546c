/**
 * The tools of an MCP server as tools of an agent. What the server says of them is shown to the model as it
 * is, and believed as far as the author of the agent says.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { TroupeError } from '../../../mailbox/errors.ts'
import {
  aBoolean,
  aDuration,
  aFunction,
  anArray,
  anInteger,
  anObject,
  checkOptions,
} from '../../../mailbox/options.ts'
import type { Needs } from '../../actor.ts'
import type { Json } from '../parts.ts'
import type { ListedTool } from '../tools/listed-tool.ts'
import { type Tool, type ToolApproval, tool } from '../tools/tool.ts'
import type { ToolSource } from '../tools/tool-source.ts'
import type { McpClient } from './mcp-client.ts'

/** What an author says of tools whose server is a stranger. */
export interface McpToolOptions {
  /** May run twice under one call after a crash (D2). */
  readonly idempotent?: boolean
  /** Whether a human must allow a call; false for never. */
  readonly approval?: false | ToolApproval
  /** Most ms for one call. Default 60,000. */
  readonly timeout?: number
  /** Most bytes of a result as JSON. Default 65,536. */
  readonly maxOutput?: number
}

/** What {@link mcpTools} takes. What it says itself holds for all tools that `tools` does not name. */
export interface McpToolsOptions<Deps> extends McpToolOptions {
  /** Begins the names of its tools: `files` makes `files_read` of `read`. At most 24 letters and digits. */
  readonly name: string
  readonly needs?: Needs<Deps>
  /** Where the connection is found: `(deps) => deps.files`. */
  readonly client: (deps: Deps) => McpClient
  /** The only tools that are used, by the server's own names. */
  readonly only?: readonly string[]
  /** For single tools, by the server's own names. */
  readonly tools?: Readonly<Record<string, McpToolOptions>>
  /**
   * Whether to believe its annotations: what is read-only or idempotent is so, and neither what is read-only nor
   * what says that it destroys nothing needs a human. Default false: nothing is idempotent, and a human
   * allows each call.
   */
  readonly trust?: boolean
  /** Go on without it while it was never reached. Default false: the turn ends. */
  readonly optional?: boolean
}

const aDay = 24 * 60 * 60 * 1_000

/**
 * The tools of an MCP server, for the `tools` of an agent.
 * @throws OPTION_INVALID
 */
export function mcpTools<Deps>(options: McpToolsOptions<Deps>): ToolSource<Deps> {
  const what = `mcpTools ${String((options as { name?: unknown } | undefined)?.name)}`
  checkOptions(what, options, checks)
  const { name, client, only, tools = {}, optional = false } = options
  if (name === undefined || client === undefined) {
    throw invalid(
      what,
      'needs "name" and "client", which finds the connection: (deps) => deps.files',
    )
  }
  for (const [each, own] of Object.entries({ '': general(options), ...tools })) {
    checkOptions(`${what} ${each}`, own, toolChecks)
  }
  const wanted = [...new Set([...(only ?? []), ...Object.keys(tools)])]
  return Object.freeze({
    name,
    optional,
    list: async (deps: Deps, signal: AbortSignal) => {
      const listed = await client(deps).tools(signal)
      const lacking = wanted.find((one) => !listed.some((tool) => tool.name === one))
      if (lacking !== undefined) throw noTool(client(deps).name, lacking, listed)
      return only === undefined ? listed : listed.filter((tool) => only.includes(tool.name))
    },
    tools: (listed: readonly ListedTool[]) => listed.map((one) => made(options, one)),
  })
}

function made<Deps>(options: McpToolsOptions<Deps>, listed: ListedTool): Tool<Deps> {
  const own = Object.hasOwn(options.tools ?? {}, listed.name) ? options.tools?.[listed.name] : {}
  const { idempotent, approval, timeout, maxOutput } = { ...general(options), ...own }
  const believed = options.trust === true ? listed.hints : {}
  const asks = approval ?? (isHarmless(believed) ? false : { within: aDay })
  return tool<StandardSchemaV1, undefined, Deps>({
    name: toolName(options.name, listed.name),
    description: listed.description,
    input: anyObject,
    inputSchema: listed.inputSchema,
    idempotent: idempotent ?? (believed.readOnly === true || believed.idempotent === true),
    ...(asks !== false && { approval: asks }),
    ...(timeout !== undefined && { timeout }),
    ...(maxOutput !== undefined && { maxOutput }),
    execute: (input, { deps, signal }) =>
      options.client(deps).call(listed.name, input as Json, signal),
  })
}

const isHarmless = ({ readOnly, destructive }: ListedTool['hints']): boolean =>
  readOnly === true || destructive === false

const general = <Deps>({ idempotent, approval, timeout, maxOutput }: McpToolsOptions<Deps>) =>
  Object.fromEntries(
    Object.entries({ idempotent, approval, timeout, maxOutput }).filter(([, v]) => v !== undefined),
  ) as McpToolOptions

/**
 * As models may call it. Two that become the same are refused where the agent's tools come together.
 * @throws MCP_INVALID when it is too long
 */
function toolName(prefix: string, name: string): string {
  const full = `${prefix}_${name.replaceAll(/[^a-zA-Z0-9_-]/g, '_')}`
  if (full.length <= 64) return full
  throw new TroupeError(
    'MCP_INVALID',
    `mcpTools ${prefix}: "${full}" has ${full.length} characters, and models take 64: shorten "name", or leave it out with "only"`,
  )
}

/** The server checks what it is given; a schema of a stranger's is not run in this thread. */
const anyObject: StandardSchemaV1<unknown, unknown> = {
  '~standard': {
    version: 1,
    vendor: 'troupe',
    validate: (value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? { value }
        : { issues: [{ message: 'expected an object' }] },
  },
}

const noTool = (server: string, name: string, listed: readonly ListedTool[]): TroupeError => {
  const all = listed.map((tool) => tool.name).join(', ')
  return new TroupeError(
    'MCP_INVALID',
    `MCP server "${server}" lists no tool "${name}"; it lists ${all.slice(0, 1_000) || 'none'}`,
  )
}

const invalid = (what: string, why: string): TroupeError =>
  new TroupeError('OPTION_INVALID', `${what}: ${why}`)

const anApproval = (value: unknown): string | undefined =>
  value === false || typeof (value as Partial<ToolApproval> | null)?.within === 'number'
    ? undefined
    : 'false, or { within } in ms'

const toolChecks = {
  idempotent: aBoolean,
  approval: anApproval,
  timeout: aDuration,
  maxOutput: anInteger(1),
}
const checks = {
  ...toolChecks,
  name: (value: unknown) =>
    typeof value === 'string' && /^[a-zA-Z][a-zA-Z0-9]{0,23}$/.test(value)
      ? undefined
      : 'at most 24 letters and digits, a letter first',
  needs: anObject,
  client: aFunction,
  only: anArray,
  tools: anObject,
  trust: aBoolean,
  optional: aBoolean,
}
