/**
 * Leads one question through the four stages. Durable: each call of a stage is a recorded step of one
 * turn, so that a turn cut short by a crash goes on at the stage where it was (D2).
 *
 * Calls of one stage are made in the order of the questions, because a step is known by its number.
 */

import { actor, type Context } from 'troupe/contract'
import { type AgentWork, type Answer, Orchestrator, type Task, type Worked } from '../contracts.ts'
import { answers } from './stages.ts'

interface State {
  answer: Answer | null
}

export const orchestrator = actor(Orchestrator, {
  durable: true,
  state: (): State => ({ answer: null }),
  on: {
    async answer(ctx, task) {
      ctx.state.answer ??= await research(ctx, task)
    },
    result: (ctx) => ctx.state.answer,
  },
})

type Asker = Pick<Context, 'now' | 'ref' | 'span'>

async function research(ctx: Asker, task: Task): Promise<Answer> {
  const { question, index, documents, topic, model } = task
  const { decompose, retrieve, reason, synthesize } = answers.stages(ctx, {
    tenant: 'local',
    data: documents,
  })
  const split = await stage(ctx, 'decompose', [decompose({ question, model })])
  const questions = split.values.flat()
  const searches = questions.map((part) => retrieve({ question: part, index }))
  const found = await stage(ctx, 'retrieve', searches)
  const reasoned = questions.map((part, n) =>
    reason({ question: part, passages: found.values[n] ?? [], model }),
  )
  const findings = await stage(ctx, 'reason', reasoned)
  const written = await stage(ctx, 'synthesize', [
    synthesize({ findings: findings.values, topic, model }),
  ])
  const work = [split.work, found.work, findings.work, written.work]
  return { parts: written.values.flat(), work }
}

interface Stage<T> {
  readonly values: readonly T[]
  readonly work: AgentWork
}

/** Waits for one agent's outputs; the calls have just been made. */
async function stage<T>(
  ctx: Asker,
  agent: string,
  asks: readonly Promise<Worked<T>>[],
): Promise<Stage<T>> {
  const askedAt = ctx.now()
  const replies = await Promise.all(asks)
  return { values: replies.map(({ value }) => value), work: workOf(agent, askedAt, replies) }
}

/** An output that was made before this run asked has waited for nobody here. */
function workOf(agent: string, askedAt: number, replies: readonly Worked<unknown>[]): AgentWork {
  const waits = replies.map(({ startedAt }) => startedAt - askedAt).filter((wait) => wait >= 0)
  return {
    agent,
    slot: replies[0]?.slot ?? -1,
    messages: replies.length,
    queueWaitMs: waits.length === 0 ? null : mean(waits),
    handlingMs: mean(replies.map(({ handlingMs }) => handlingMs)),
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
