/**
 * The synthesize agent: says each part when it is there, and gives all of them in the end.
 *
 * What a volatile actor publishes leaves at once, while the words of a durable turn leave with its
 * commit (D1). So what is said here is provisional; the reply becomes a step of the orchestrator.
 */

import { tracedModel } from 'troupe/agents'
import { actor, needs } from 'troupe/contract'
import { type AnswerPart, synthesize as write } from '../answer/synthesize.ts'
import { type Said, Synthesize } from '../contracts.ts'
import type { Deps } from '../deps.ts'
import { worked } from './worked.ts'

export const synthesize = actor(Synthesize, {
  pin: 'synthesize',
  record: 'full',
  needs: needs<Deps>(),
  on: {
    write: (ctx, { findings, topic, model }) =>
      worked(ctx, { findings, model }, async () => {
        const parts: AnswerPart[] = []
        const writer = tracedModel(ctx.deps.models.named(model), ctx.span)
        for await (const part of write(writer, findings, { signal: ctx.signal })) {
          const said: Said = { attempt: ctx.message.id, index: parts.length, part }
          ctx.publish(topic, said)
          parts.push(part)
        }
        return parts
      }),
  },
})
