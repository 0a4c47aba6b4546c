/** LangGraph.js with its SQLite saver: one node that adds to the state, checkpointed after each step. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { library, type PeerModule, perSecond } from './peer.ts'

interface Graph {
  addNode(name: string, run: (state: { balance: number }) => { balance: number }): Graph
  addEdge(from: string, to: string): Graph
  compile(options: unknown): {
    invoke(input: { balance: number }, config: unknown): Promise<{ balance: number }>
  }
}
interface Channel {
  (options: unknown): unknown
  Root(fields: Readonly<Record<string, unknown>>): unknown
}
interface LangGraph {
  readonly StateGraph: new (state: unknown) => Graph
  readonly Annotation: Channel
  readonly START: string
  readonly END: string
}
interface Saver {
  readonly SqliteSaver: { fromConnString(path: string): { readonly db: { close(): void } } }
}

/** Turns spread over ten threads, each its own account: checkpointed turns per second. */
async function durableTurn(size: number): Promise<number> {
  const { StateGraph, Annotation, START, END } = await library<LangGraph>('@langchain/langgraph')
  const { SqliteSaver } = await library<Saver>('@langchain/langgraph-checkpoint-sqlite')
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-langgraph-'))
  const file = join(folder, 'graph.db')
  const saver = SqliteSaver.fromConnString(file)
  try {
    const sum = Annotation({ reducer: (a: number, b: number) => a + b, default: () => 0 })
    const graph = new StateGraph(Annotation.Root({ balance: sum }))
      .addNode('deposit', () => ({ balance: 0 }))
      .addEdge(START, 'deposit')
      .addEdge('deposit', END)
      .compile({ checkpointer: saver })
    const accounts = 10
    const start = performance.now()
    for (let i = 0; i < size; i += 1) {
      const config = { configurable: { thread_id: `k${i % accounts}` } }
      const { balance } = await graph.invoke({ balance: 1 }, config)
      const expected = Math.floor(i / accounts) + 1
      if (balance !== expected) throw new Error(`expected a balance of ${expected}, got ${balance}`)
    }
    const figure = perSecond(size, start)
    if (statSync(file).size === 0) throw new Error('nothing was written')
    return figure
  } finally {
    saver.db.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

export const works: PeerModule['works'] = { durableTurn }
