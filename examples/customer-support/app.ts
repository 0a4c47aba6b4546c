/** The app: every thread imports it, so it only says which actors there are and what they need. */

import { app } from 'troupe/contract'
import { limitTurn } from 'troupe/patterns'
import { support } from './agent/support.ts'
import { voice } from './agent/voice.ts'
import { closeDeps, makeDeps } from './deps.ts'
import { desk } from './desk/desk.ts'
import { escalations } from './desk/escalations.ts'

// biome-ignore lint/style/noDefaultExport: threads find the app by it
export default app(import.meta.url, {
  actors: [desk, support, escalations, voice, limitTurn],
  deps: makeDeps,
  dispose: closeDeps,
})
