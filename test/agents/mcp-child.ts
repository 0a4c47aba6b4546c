/** The files as a process of its own. It also prints what is no message, as careless servers do. */
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'
import { filesServer } from './mcp-server.ts'

let stopped = 0

console.log('files: starting, this line is no JSON')
serveStdio(() => {
  const server = filesServer({
    calls: [],
    crash: () => process.exit(3),
    stopped: () => {
      stopped += 1
    },
  })
  server.registerTool(
    'own',
    { description: 'Says something of itself.', inputSchema: z.object({ what: z.string() }) },
    ({ what }) => {
      const facts: Record<string, unknown> = { pid: process.pid, stopped }
      return { content: [{ type: 'text', text: String(facts[what] ?? process.env[what]) }] }
    },
  )
  return server
})
