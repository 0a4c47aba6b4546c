/** The reason agent. */

import { tracedModel } from 'troupe/agents'
import { actor, needs } from 'troupe/contract'
import { findEvidence } from '../answer/reason.ts'
import { Reason } from '../contracts.ts'
import type { Deps } from '../deps.ts'
import { worked } from './worked.ts'

export const reason = actor(Reason, {
  pin: 'reason',
  record: 'full',
  needs: needs<Deps>(),
  on: {
    find: (ctx, { question, passages, model }) =>
      worked(ctx, { question, passages, model }, () =>
        findEvidence(tracedModel(ctx.deps.models.named(model), ctx.span), question, passages, {
          signal: ctx.signal,
        }),
      ),
  },
})
