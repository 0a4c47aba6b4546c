/** Actors that ask for a thread of their own. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'

export const Shared = contract('shared', { thread: message<void, number>() })
export const Pinned = contract('pinned', { thread: message<void, number>() })
export const PinnedToo = contract('pinned-too', { thread: message<void, number>() })
export const Alone = contract('alone', { thread: message<void, number>() })

const on = { thread: async (): Promise<number> => (await import('node:worker_threads')).threadId }

// biome-ignore lint/style/noDefaultExport: every thread finds the app as its module's default
export default app(import.meta.url, {
  actors: [
    actor(Shared, { on }),
    actor(Pinned, { pin: 'gpu', on }),
    actor(PinnedToo, { pin: 'gpu', on }),
    actor(Alone, { isolate: true, on }),
  ],
})
