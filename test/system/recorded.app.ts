/** Volatile actors whose messages are kept, in full, by their headers, or not. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'

export const Full = contract('full', { say: message<string, number>() })
export const Headers = contract('headers', { say: message<string, number>() })
export const Silent = contract('silent', { say: message<string, number>() })

const state = (): { said: number } => ({ said: 0 })
const say = (ctx: { state: { said: number } }): number => {
  ctx.state.said += 1
  return ctx.state.said
}

// biome-ignore lint/style/noDefaultExport: threads find the app by it
export default app(import.meta.url, {
  actors: [
    actor(Full, { record: 'full', state, on: { say } }),
    actor(Headers, { record: 'headers', state, on: { say } }),
    actor(Silent, { state, on: { say } }),
  ],
})
