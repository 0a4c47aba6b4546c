/**
 * 10,000 durable agents on two hosts, each waiting for a simulated model of 1 s in a recorded step, and what
 * one that waits takes of memory. Beside it as many bare promises.
 */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createSystem, type System } from '../../runtime/index.ts'
import type { BenchCase, Round } from '../bench-case.ts'
import { TempFolder } from '../temp-folder.ts'
import { must } from '../timing.ts'

const Agent = contract('agent', {
  think: message<{ prompt: string }>(),
  thought: message<void, string>(),
})
const agent = actor(Agent, {
  durable: true,
  state: () => ({ answer: '' }),
  on: {
    async think(ctx, { prompt }) {
      ctx.state.answer = await ctx.effect('model', { prompt }, () => model(prompt))
    },
  },
  reads: { thought: (ctx) => ctx.state.answer },
})
const agents = app(import.meta.url, { actors: [agent] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default agents

const modelMs = 1_000

function model(prompt: string): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve(`about ${prompt}`), modelMs))
}

export const manyAgents: BenchCase = {
  name: 'many-agents',
  what: '10,000 durable agents, each waiting 1 s for a model, two hosts',
  unit: 's until all have answered',
  better: 'lower',
  gate: [{ limit: 2 }, { fact: 'bytes/waiting agent', limit: 20_000 }],
  rounds: 5,
  prepare(quick) {
    const folder = new TempFolder()
    const count = quick ? 500 : 10_000
    let rounds = 0
    return {
      ours: {
        name: 'troupe',
        async round() {
          rounds += 1
          // New agents in a new system: those of the last round would be resident already.
          const system = await createSystem(agents, {
            workers: 2,
            store: folder.file(`${rounds}.db`),
            development: false,
          })
          try {
            return await thinking(system, count)
          } finally {
            await system.close()
          }
        },
      },
      bounds: [
        {
          name: 'bare promises',
          async round() {
            const start = performance.now()
            const found = await Promise.all(Array.from({ length: count }, () => model('tea')))
            must(found.length === count, () => 'an answer is missing')
            return (performance.now() - start) / 1_000
          },
        },
      ],
      close: () => folder.remove(),
    }
  },
}

async function thinking(system: System, count: number): Promise<Round> {
  global.gc?.()
  const before = process.memoryUsage().rss
  const start = performance.now()
  const accepted = Array.from({ length: count }, (_, i) =>
    system.ref(Agent, `a${i}`).deliver.think({ prompt: `question ${i}` }),
  )
  await Promise.all(accepted)
  let most = 0
  while (system.stats().total.processed < count) {
    most = Math.max(most, process.memoryUsage().rss)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const seconds = (performance.now() - start) / 1_000
  const last = count - 1
  const answer = await system.ref(Agent, `a${last}`).ask.thought()
  must(answer === `about question ${last}`, () => `the last agent answered ${answer}`)
  return { figure: seconds, facts: { 'bytes/waiting agent': (most - before) / count } }
}
