/** An agent over a real MCP server, for the history that is run again. */
import { needs } from '../../actors/actor.ts'
import { agent } from '../../actors/agents/agent.ts'
import { conversation } from '../../actors/agents/conversation.ts'
import { type McpClient, mcpClient } from '../../actors/agents/mcp/mcp-client.ts'
import { mcpTools } from '../../actors/agents/mcp/mcp-tools.ts'
import { scriptedModel } from '../../actors/agents/models/scripted.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'

export const Librarian = contract('librarian', conversation())

interface Deps {
  readonly files: McpClient
}

const librarian = agent(Librarian, {
  needs: needs<Deps>(),
  // It decides by what it was told, so that whoever runs it again needs no script.
  model: scriptedModel(({ messages }) => {
    const last = messages.at(-1)?.parts[0]
    if (last?.type === 'tool-result') return `It says: ${String(last.output)}`
    return { toolCalls: [{ name: 'files_read', input: { path: 'a' } }] }
  }),
  instructions: 'You read files.',
  tools: [mcpTools({ name: 'files', client: (deps: Deps) => deps.files, trust: true })],
})

// biome-ignore lint/style/noDefaultExport: an app module's export is its default
export default app(import.meta.url, {
  actors: [librarian],
  deps: (host): Deps => ({
    files: mcpClient(host, { name: 'files', server: { url: String(process.env['MCP_URL']) } }),
  }),
  dispose: ({ files }) => files.close(),
})
