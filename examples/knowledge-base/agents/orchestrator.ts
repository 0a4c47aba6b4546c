/**
 * Leads one question through the four agents. Durable: each agent's reply is a recorded step of one
 * turn, so that a turn cut short by a crash goes on with the agent that had not replied (D2).
 *
 * Asks of one stage are made in the order of the questions, because a step is known by its number.
 */

import { actor, type Context } from 'troupe/contract'
import {
  type AgentWork,
  type Answer,
  Decompose,
  Orchestrator,
  Reason,
  Retrieve,
  Synthesize,
  type Worked,
} from '../contracts.ts'

/** There is one actor of each agent; its mailbox is where questions wait. */
const only = 'only'

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

type Asker = Pick<Context, 'now' | 'ref'>

interface Task {
  readonly question: string
  readonly index: string
  readonly topic: string
}

async function research(ctx: Asker, { question, index, topic }: Task): Promise<Answer> {
  const split = await stage(ctx, 'decompose', [ctx.ref(Decompose, only).ask.split({ question })])
  const questions = split.values.flat()

  const { ask: retriever } = ctx.ref(Retrieve, only)
  const searches = questions.map((part) => retriever.search({ question: part, index }))
  const found = await stage(ctx, 'retrieve', searches)

  const { ask: reasoner } = ctx.ref(Reason, only)
  const reasoned = questions.map((part, n) =>
    reasoner.find({ question: part, passages: found.values[n] ?? [] }),
  )
  const findings = await stage(ctx, 'reason', reasoned)

  const writing = ctx.ref(Synthesize, only).ask.write({ findings: findings.values, topic })
  const written = await stage(ctx, 'synthesize', [writing])
  const work = [split.work, found.work, findings.work, written.work]
  return { parts: written.values.flat(), work }
}

interface Stage<T> {
  readonly values: readonly T[]
  readonly work: AgentWork
}

/** Waits for one agent's replies; the asks have just been made. */
async function stage<T>(
  ctx: Asker,
  agent: string,
  asks: readonly Promise<Worked<T>>[],
): Promise<Stage<T>> {
  const askedAt = ctx.now()
  const replies = await Promise.all(asks)
  return { values: replies.map(({ value }) => value), work: workOf(agent, askedAt, replies) }
}

/** A reply that an earlier run recorded was made before this run asked: its wait is not known. */
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
