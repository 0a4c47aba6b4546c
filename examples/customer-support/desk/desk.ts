/**
 * The front desk of one customer. Owns what came in and what came of it; what is answered is the agent's
 * business.
 *
 * A question is taken in by one turn and answered by another: so there is always somebody who knows that
 * it is open, also when the process dies in the middle of the answer. It is open until somebody has come
 * for what became of it.
 */

import type { AgentReply } from 'troupe/agents'
import { actor, type ErrorCode, needs, TroupeError } from 'troupe/contract'
import { type Answer, Desk, Escalations, Support, type Ticket } from '../contracts.ts'
import type { Deps } from '../deps.ts'

interface DeskState {
  /** How many questions there were. */
  taken: number
  /** Those that nobody has come for. */
  open: Ticket[]
  /** The newest ones. */
  answers: Answer[]
}

/** Answers that are kept for whoever comes back for them. The conversation has them all. */
const keptAnswers = 20

const patient = { within: Number.POSITIVE_INFINITY }

export const desk = actor(Desk, {
  durable: true,
  needs: needs<Deps>(),
  state: (): DeskState => ({ taken: 0, open: [], answers: [] }),
  on: {
    async take(ctx, { text }) {
      const user = ctx.self.key
      await ctx.effect('limit', { user }, async ({ signal }) => {
        const reservation = await ctx.deps.limits.at('questions').take({ user }, { signal })
        reservation.settle({})
      })
      ctx.state.taken += 1
      const ticket = ctx.state.taken
      ctx.state.open.push({ ticket, text })
      ctx.self.tell.work({ ticket, text })
      return ticket
    },
    async work(ctx, { ticket, text }) {
      const reply = await asAnswer(ctx.ref(Support, ctx.self.key).ask.say(text, patient))
      ctx.state.answers.push({ ticket, text, reply })
      if (ctx.state.answers.length > keptAnswers) ctx.state.answers.shift()
    },
    answer(ctx, { ticket }) {
      // Only here: an answer that was there before its reader was, after a restart, waits for one.
      ctx.state.open = ctx.state.open.filter((one) => one.ticket !== ticket)
      return ctx.state.answers.find((one) => one.ticket === ticket) ?? null
    },
    async decide(ctx, decision) {
      const reply = await ctx.ref(Support, ctx.self.key).ask.decide(decision, patient)
      ctx.ref(Escalations, 'all').tell.decided({ approval: decision.approval })
      return reply
    },
  },
  reads: { open: (ctx) => [...ctx.state.open] },
})

/** An agent that cannot be asked now is an answer too, and no reason to try again. */
async function asAnswer(asked: Promise<AgentReply>): Promise<AgentReply> {
  try {
    return await asked
  } catch (error) {
    if (!(error instanceof TroupeError) || !notNow.includes(error.code)) throw error
    const { code, message } = error
    return { status: 'stopped', code, message, fields: {}, spent: nothing }
  }
}

const notNow: readonly ErrorCode[] = ['ACTOR_KILLED', 'AGENT_WAITING', 'QUARANTINED']

const nothing = { steps: 0, tokens: 0, money: 0, ms: 0 }
