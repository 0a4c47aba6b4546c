/**
 * The four stages of an answer, and what is kept of them. Each asks its agent. What a stage made of an input
 * is not made again, whichever question it was for; of another model it is another input. Only `retrieve` looks at the documents; the others
 * depend on what they are given.
 */

import type { Passage } from 'troupe/agents'
import { pipeline } from 'troupe/patterns'
import type { Finding } from '../answer/reason.ts'
import { Decompose, Reason, Retrieve, Synthesize, type Worked } from '../contracts.ts'

/** There is one actor of each agent; its mailbox is where questions wait. */
const only = 'only'

const days = 24 * 60 * 60 * 1000
/** They depend on nothing that changes by itself: the time only bounds what is kept. */
const kept = { ttl: 30 * days, maxBytes: 64 * 1024 * 1024 }
interface Split {
  readonly question: string
  readonly model: string
}

interface Search {
  readonly question: string
  readonly index: string
}

interface Found {
  readonly question: string
  readonly passages: readonly Passage[]
  readonly model: string
}

interface Writing {
  readonly findings: readonly Finding[]
  readonly topic: string
  readonly model: string
}

export const answers = pipeline('answer', {
  stages: {
    decompose: {
      version: 1,
      ...kept,
      independentOf: ['data'],
      counts: ({ value }) => ({ sub_queries: value.length }),
      run: (ctx, split: Split) => ctx.ref(Decompose, only).ask.split(split),
    },
    retrieve: {
      version: 1,
      ...kept,
      counts: ({ value }: Worked<readonly Passage[]>) => ({
        passages: value.length,
        documents: new Set(value.map(({ file }) => file)).size,
      }),
      run: (ctx, search: Search) => ctx.ref(Retrieve, only).ask.search(search),
    },
    reason: {
      version: 1,
      ...kept,
      independentOf: ['data'],
      counts: ({ value }) => ({ steps: value.evidence.length }),
      run: (ctx, found: Found) => ctx.ref(Reason, only).ask.find(found),
    },
    synthesize: {
      version: 1,
      ...kept,
      independentOf: ['data'],
      counts: ({ value }) => ({ parts: value.length }),
      run: (ctx, writing: Writing) => ctx.ref(Synthesize, only).ask.write(writing),
    },
  },
})
