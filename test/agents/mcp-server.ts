/** An MCP server made with the official package, as a test or a process of its own serves it. */
import { McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { Json } from '../../actors/agents/parts.ts'

const input = z.object({ path: z.string() })
const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] })

/** What a test sees of it. */
export interface Watch {
  readonly calls: string[]
  /** A call of `wait` has come, and one was told to stop. */
  waiting?(): void
  stopped?(): void
  /** Ends the process, where it has one. */
  crash?(): void
}

export function filesServer(watch: Watch): McpServer {
  const server = new McpServer({ name: 'files', version: '1.0.0' })
  const add = (
    name: string,
    more: object,
    answer: (path: string, signal: AbortSignal) => unknown,
  ): void => {
    server.registerTool(
      name,
      { description: `Does ${name}.`, inputSchema: input, ...more },
      async ({ path }, { mcpReq }) => {
        watch.calls.push(`${name} ${path}`)
        return (await answer(path, mcpReq.signal)) as ReturnType<typeof text>
      },
    )
  }
  add('read', { annotations: { readOnlyHint: true } }, (path) => text(`content of ${path}`))
  add('remove', { annotations: { destructiveHint: true } }, (path) => text(`removed ${path}`))
  add('stat.size', { outputSchema: z.object({ bytes: z.number() }) }, (path) => ({
    ...text(`{"bytes":${path.length}}`),
    structuredContent: { bytes: path.length } satisfies Json,
  }))
  add('look', {}, () => ({
    content: [
      { type: 'text', text: 'a red dot' },
      { type: 'image', mimeType: 'image/png', data: 'iVBORw==' },
      { type: 'resource', resource: { uri: 'file:///a', mimeType: 'text/plain', text: 'A' } },
      { type: 'resource_link', uri: 'file:///b', name: 'b' },
    ],
  }))
  add('fail', {}, (path) => ({ ...text(`there is no ${path}; list the folder`), isError: true }))
  add('throw', {}, () => {
    throw new Error('out of order')
  })
  add('big', {}, (path) => text('x'.repeat(Number(path))))
  add('crash', {}, () => watch.crash?.())
  add('grow', {}, (path) => {
    add(path, {}, () => text('new'))
    return text('grown')
  })
  add('wait', {}, (_path, signal) => {
    watch.waiting?.()
    const { promise, resolve } = Promise.withResolvers<unknown>()
    signal.addEventListener('abort', () => {
      watch.stopped?.()
      resolve(text('stopped'))
    })
    return promise
  })
  return server
}
