/** The app: every thread imports it, so it only says which actors there are and what they need. */

import { app } from 'troupe/contract'
import { decompose } from './agents/decompose.ts'
import { orchestrator } from './agents/orchestrator.ts'
import { reason } from './agents/reason.ts'
import { retrieve } from './agents/retrieve.ts'
import { answers } from './agents/stages.ts'
import { synthesize } from './agents/synthesize.ts'
import { closeDeps, makeDeps } from './deps.ts'
import { ingest, progress } from './ingest/ingest-actor.ts'

// biome-ignore lint/style/noDefaultExport: threads find the app by it
export default app(import.meta.url, {
  actors: [
    ingest,
    progress,
    orchestrator,
    decompose,
    retrieve,
    reason,
    synthesize,
    ...answers.actors,
  ],
  deps: makeDeps,
  dispose: closeDeps,
})
