/** An app whose dependencies cannot be built while a file is there. */
import { existsSync } from 'node:fs'
import { actor, needs } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'

/** Names the variable of the environment that names the file. */
export const obstacle = 'TROUPE_TEST_OBSTACLE'

const messages = { add: message<number, number>(), sum: message<void, number>() }
export const Kept = contract('kept', messages)
export const Light = contract('light', messages)

interface Deps {
  readonly times: number
}

const behavior = {
  needs: needs<Deps>(),
  state: () => ({ sum: 0 }),
  supervision: { backoff: 1, maxBackoff: 2 },
}

const kept = actor(Kept, {
  ...behavior,
  durable: true,
  on: { add: (ctx, by) => (ctx.state.sum += by * ctx.deps.times) },
  reads: { sum: (ctx) => ctx.state.sum },
})
const light = actor(Light, {
  ...behavior,
  on: { add: (ctx, by) => (ctx.state.sum += by * ctx.deps.times) },
  reads: { sum: (ctx) => ctx.state.sum },
})

// biome-ignore lint/style/noDefaultExport: every thread finds the app as its module's default
export default app(import.meta.url, {
  actors: [kept, light],
  deps: async () => {
    await Promise.resolve()
    if (existsSync(process.env[obstacle] ?? '')) throw new Error('the database is away')
    return { times: 2 }
  },
})
