/** Says what a model says, at once. Volatile: it has nothing to keep. */

import { actor } from 'troupe/contract'
import { Voice, voiceTopic } from '../contracts.ts'

export const voice = actor(Voice, {
  passivateAfter: 60_000,
  on: {
    said(ctx, heard) {
      ctx.publish(voiceTopic(ctx.self.key), heard)
    },
  },
})
