/**
 * What the agent may have done. Each tool finds out for itself whose agent calls: what the model writes
 * is never believed about that, so one customer's agent reaches nothing of another's.
 */

import { tool } from 'troupe/agents'
import { needs } from 'troupe/contract'
import { z } from 'zod'
import type { Deps } from '../deps.ts'
import { orderOf } from '../shop/orders.ts'

/** Refunds above this many euros are decided by a human. */
export const freely = 50

/** A human who says nothing for so long has said no. */
const twoDays = 2 * 24 * 60 * 60 * 1000

const orderNumber = z.string().regex(/^\d{1,6}$/, 'the number of an order: 1 to 6 digits')

export const order = tool({
  name: 'order',
  description:
    'Looks up an order of this customer by its number: what it is, its price, where it is.',
  input: z.object({ order: orderNumber }),
  idempotent: true,
  execute: ({ order }, { agent }) => {
    const { number, item, price, state } = orderOf(agent.key, order)
    return { order: number, item, price, state }
  },
})

export const refund = tool({
  name: 'refund',
  description: 'Pays an order of this customer back, wholly or in part. Amount in euros.',
  input: z.object({ order: orderNumber, amount: z.number().positive().max(10_000) }),
  needs: needs<Deps>(),
  // The ledger knows the key: a call that was cut off is made again, and pays once.
  idempotent: true,
  approval: { within: twoDays, when: ({ amount }) => amount > freely },
  execute: ({ order, amount }, { agent, key, deps }) => {
    const { number, price } = orderOf(agent.key, order)
    const { receipt } = deps.ledger.pay({ key, customer: agent.key, order: number, amount, price })
    return { order: number, paid: amount, receipt }
  },
})

export const escalate = tool({
  name: 'escalate',
  description: 'Asks a human colleague to take over. Say in one sentence what it is about.',
  input: z.object({ about: z.string().min(1).max(500) }),
  idempotent: true,
  approval: { within: twoDays },
  execute: ({ about }) => ({ takenOver: true, about }),
})
