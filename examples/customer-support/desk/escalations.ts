/** What waits for a human, of all customers. Durable: it waits across restarts, and takes no thread. */

import { approvalsTopic } from 'troupe/agents'
import { actor } from 'troupe/contract'
import { type Escalation, Escalations } from '../contracts.ts'

/** Most that are remembered; the oldest go first. */
const most = 100

type Known = Omit<Escalation, 'isDecided'> & { isDecided: boolean }

export const escalations = actor(Escalations, {
  durable: true,
  state: (): { known: Known[] } => ({ known: [] }),
  on: {
    watch(ctx) {
      ctx.subscribe(approvalsTopic, 'asked')
    },
    asked(ctx, { agent, approval }) {
      ctx.state.known.push({ agent, approval, isDecided: false })
      if (ctx.state.known.length > most) ctx.state.known.shift()
    },
    decided(ctx, { approval: id }) {
      const known = ctx.state.known.find(({ approval }) => approval.id === id)
      if (known !== undefined) known.isDecided = true
    },
  },
  reads: { list: (ctx) => [...ctx.state.known] },
})
