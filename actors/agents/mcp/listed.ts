/**
 * What an MCP server lists, checked: it goes to a model and into an agent's state, and its author is a
 * stranger. One tool that is not as it should be makes the list worthless, and is named; what the agent
 * does not use (`only`) is not looked at.
 */
import type { Tool } from '@modelcontextprotocol/client'
import { TroupeError } from '../../../mailbox/errors.ts'
import { problemOfText } from '../../patterns/unicode.ts'
import type { Json } from '../parts.ts'
import type { ListedTool, ToolHints } from '../tools/listed-tool.ts'
import type { McpLimits, McpPlan } from './mcp-options.ts'

/** Levels of a JSON Schema. */
const deepest = 64

/**
 * By name, ascending.
 * @throws MCP_INVALID
 */
export function checkedList(
  { name, limits }: Pick<McpPlan, 'name' | 'limits'>,
  tools: readonly Tool[],
): readonly ListedTool[] {
  const refuse = (why: string) =>
    new TroupeError('MCP_INVALID', `MCP server "${name}": ${why}`, { fields: { server: name } })
  if (tools.length > limits.tools) {
    throw refuse(`it lists ${tools.length} tools, and ${limits.tools} are let in (limits.tools)`)
  }
  const seen = new Set<string>()
  const listed = tools.map((tool) => {
    const shown = JSON.stringify(tool.name.slice(0, 64))
    const problem = seen.has(tool.name) ? 'is listed twice' : problemOf(tool, limits)
    if (problem !== undefined) throw refuse(`its tool ${shown} ${problem}`)
    seen.add(tool.name)
    return asListed(tool)
  })
  return listed.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function problemOf(tool: Tool, limits: Required<McpLimits>): string | undefined {
  const { name, description = '', inputSchema } = tool
  if (name === '' || name.length > 128) return 'has a name of no or more than 128 characters'
  if (description.length > limits.description) {
    return `has a description of ${description.length} characters, and ${limits.description} are let in (limits.description)`
  }
  if (isDeeper(inputSchema, deepest)) return `has a schema of more than ${deepest} levels`
  const schema = JSON.stringify(inputSchema)
  const bytes = Buffer.byteLength(schema)
  if (bytes > limits.schema) {
    return `has a schema of ${bytes} bytes, and ${limits.schema} are let in (limits.schema)`
  }
  for (const [what, text] of Object.entries({ name, description, schema })) {
    const problem = problemOfText(text)
    if (problem !== undefined) return `has a ${what} that ${problem}`
  }
  return undefined
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1))
}

function asListed({ name, title, description, inputSchema, annotations = {} }: Tool): ListedTool {
  const { readOnlyHint, idempotentHint, destructiveHint } = annotations
  const hints: ToolHints = {
    ...(readOnlyHint !== undefined && { readOnly: readOnlyHint }),
    ...(idempotentHint !== undefined && { idempotent: idempotentHint }),
    ...(destructiveHint !== undefined && { destructive: destructiveHint }),
  }
  const said = description || title || `The tool ${name}.`
  // A copy of plain data, without what the client's parser may have left in it.
  const schema = JSON.parse(JSON.stringify(inputSchema)) as { [key: string]: Json }
  return { name, description: said, inputSchema: schema, hints }
}
