/** The retrieve agent. */

import { tracedRetriever } from 'troupe/agents'
import { actor, needs } from 'troupe/contract'
import { Retrieve } from '../contracts.ts'
import type { Deps } from '../deps.ts'
import { indexRetriever } from '../retrieve/index-retriever.ts'
import { worked } from './worked.ts'

export const retrieve = actor(Retrieve, {
  pin: 'retrieve',
  record: 'full',
  needs: needs<Deps>(),
  on: {
    search: (ctx, { question, index }) =>
      worked(ctx, { question, index }, () => {
        const found = indexRetriever(ctx.deps.indexes.reader(index))
        const retriever = tracedRetriever(found, 'documents', ctx.span)
        return retriever.search(question, { signal: ctx.signal })
      }),
  },
})
