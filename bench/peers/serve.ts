/**
 * The process of a JavaScript peer: `node serve.ts LIBRARY WORK`. Reads a size per line, does the work,
 * answers with a line of JSON: the figure, or what went wrong.
 */
import { createInterface } from 'node:readline'
import type { PeerModule } from './peer.ts'

const modules: Readonly<Record<string, () => Promise<PeerModule>>> = {
  ai: () => import('./ai.ts'),
  nact: () => import('./nact.ts'),
  xstate: () => import('./xstate.ts'),
  piscina: () => import('./piscina.ts'),
  comlink: () => import('./comlink.ts'),
  '@langchain/langgraph': () => import('./langgraph.ts'),
}

async function serve(library: string, work: string): Promise<void> {
  const { works } = (await modules[library]?.()) ?? { works: {} }
  const run = works[work]
  if (run === undefined) throw new Error(`${library} has no work "${work}"`)
  for await (const line of createInterface({ input: process.stdin })) {
    const figure = await run(Number(line))
    process.stdout.write(`${JSON.stringify({ figure })}\n`)
  }
}

serve(process.argv[2] ?? '', process.argv[3] ?? '').then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(1)
  },
)
