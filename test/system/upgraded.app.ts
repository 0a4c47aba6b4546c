/** New code for stores that `upgrades.test.ts` fills with old code: a renamed type, another state. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'

export const Counter = contract('counter', {
  add: message<{ by: number }, number>({ version: 2, migrate: { 1: (by: number) => ({ by }) } }),
  value: message<void, number>(),
})

const counter = actor(Counter, {
  durable: true,
  version: 2,
  migrate: { 1: (value: { n: number }) => ({ total: value.n }) },
  renamedFrom: ['tally'],
  state: () => ({ total: 0 }),
  on: { add: (ctx, { by }) => (ctx.state.total += by) },
  reads: { value: (ctx) => ctx.state.total },
})

// biome-ignore lint/style/noDefaultExport: every thread finds the app as its module's default
export default app(import.meta.url, { actors: [counter], removed: ['gone'] })
