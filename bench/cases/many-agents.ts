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
import { scale, weight } from '../scale.ts'
import { TempFolder } from '../temp-folder.ts'
import { must } from '../timing.ts'

const Agent = contract('agent', {
  think: message<{ prompt: string; ms: number }>(),
  thought: message<void, string>(),
})
const agent = actor(Agent, {
  durable: true,
  state: () => ({ answer: '' }),
  on: {
    async think(ctx, { prompt, ms }) {
      ctx.state.answer = await ctx.effect('model', { prompt }, () => model(prompt, ms))
    },
  },
  reads: { thought: (ctx) => ctx.state.answer },
})

const agents = app(import.meta.url, { actors: [agent, scale] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default agents

const modelMs = 1_000
/** Long enough that all agents wait at the same time, on any machine. */
const weighedMs = 5_000
const weighed = 'troupe, weighed'

function model(prompt: string, ms: number): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve(`about ${prompt}`), ms))
}

export const manyAgents: BenchCase = {
  name: 'many-agents',
  what: '10,000 durable agents, each waiting 1 s for a model, two hosts',
  unit: 's until all have answered',
  better: 'lower',
  gate: [{ limit: 2 }, { of: weighed, fact: 'bytes/waiting agent', limit: 20_000 }],
  rounds: 5,
  prepare(quick) {
    const folder = new TempFolder()
    const count = quick ? 500 : 10_000
    let rounds = 0
    const round = async (work: (system: System, count: number) => Promise<Round>) => {
      rounds += 1
      // New agents in a new system: those of the last round would be resident already.
      const store = folder.file(`${rounds}.db`)
      const system = await createSystem(agents, { workers: 2, store, development: false })
      try {
        return await work(system, count)
      } finally {
        await system.close()
      }
    }
    return {
      ours: { name: 'troupe', round: () => round(thinking) },
      // Weighing takes time of its own: not that of the round above.
      others: [{ name: weighed, round: () => round(weighing) }],
      bounds: [
        {
          name: 'bare promises',
          async round() {
            const start = performance.now()
            const found = await Promise.all(
              Array.from({ length: count }, () => model('tea', modelMs)),
            )
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
  const start = performance.now()
  await askAll(system, count, modelMs)
  await answered(system, count)
  return { figure: (performance.now() - start) / 1_000 }
}

async function askAll(system: System, count: number, ms: number): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, (_, i) =>
      system.ref(Agent, `a${i}`).deliver.think({ prompt: `question ${i}`, ms }),
    ),
  )
}

async function answered(system: System, count: number): Promise<void> {
  while ((system.stats().byType['agent']?.processed ?? 0) < count) await sleep(5)
  const last = count - 1
  const answer = await system.ref(Agent, `a${last}`).ask.thought()
  must(answer === `about question ${last}`, () => `the last agent answered ${answer}`)
}

async function weighing(system: System, count: number): Promise<Round> {
  const before = await weight(system)
  const start = performance.now()
  await askAll(system, count, weighedMs)
  const running = (): number => system.stats().byType['agent']?.running ?? 0
  while (running() < count && performance.now() - start < weighedMs) await sleep(5)
  const waiting = running()
  const bytes = ((await weight(system)) - before) / waiting
  await answered(system, count)
  const figure = (performance.now() - start) / 1_000
  return { figure, facts: { 'bytes/waiting agent': bytes, 'waiting when weighed': waiting } }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
