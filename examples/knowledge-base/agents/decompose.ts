/**
 * The decompose agent. Like all four it is volatile: it has no state worth keeping, and what it
 * answers is kept by whoever asked, as a step of the orchestrator's turn (D2).
 */

import { tracedModel } from 'troupe/agents'
import { actor, needs } from 'troupe/contract'
import { decomposeQuestion } from '../answer/decompose.ts'
import { Decompose } from '../contracts.ts'
import type { Deps } from '../deps.ts'
import { worked } from './worked.ts'

export const decompose = actor(Decompose, {
  pin: 'decompose',
  record: 'full',
  needs: needs<Deps>(),
  on: {
    split: (ctx, { question, model }) =>
      worked(ctx, { question, model }, () =>
        decomposeQuestion(tracedModel(ctx.deps.models.named(model), ctx.span), question, {
          signal: ctx.signal,
        }),
      ),
  },
})
