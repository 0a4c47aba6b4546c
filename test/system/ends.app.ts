/** The app of the tests of ends that nobody lived to tell. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'

interface Who {
  readonly type: string
  readonly key: string
}

export const Watcher = contract('watcher', {
  watch: message<Who, void>(),
  told: message<void, readonly string[]>(),
})
export const Guest = contract('guest', {
  greet: message<void, string>(),
  leave: message<void, void>(),
})

const watcher = actor(Watcher, {
  durable: true,
  state: () => ({ told: [] as string[] }),
  on: { watch: (ctx, who) => ctx.watch(who) },
  reads: { told: (ctx) => [...ctx.state.told] },
  onTerminated: (ctx, { type, key }) => void ctx.state.told.push(`${type}/${key} ended`),
})
const guest = actor(Guest, { on: { greet: () => 'hello', leave: (ctx) => ctx.stop() } })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default app(import.meta.url, { actors: [watcher, guest] })
