/** The app of the load tests: a durable ledger that notes every id once, and a volatile relay. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'

export const Ledger = contract('ledger', {
  /** Notes an id; passes it on to `passTo`, one hop less. */
  note: message<{ id: string; passTo?: string; hops?: number }, number>(),
  /** The same with a recorded step in the middle. */
  step: message<{ id: string }, string>(),
  /** Asks another ledger from within a turn. */
  asks: message<{ id: string; of: string }, number>(),
  /** Tells a relay, and publishes. */
  spread: message<{ id: string; to: string }, number>(),
  notes: message<void, Record<string, number>>(),
})

export const Relay = contract('relay', {
  pass: message<{ id: string; to: string; hops: number }>(),
  /** Delivers to a ledger. */
  hand: message<{ id: string; to: string }, number>(),
  exit: message<number>(),
  where: message<void, number>(),
  seen: message<void, number>(),
})

const noted = (state: { ids: Record<string, number> }, id: string): number => {
  state.ids[id] = (state.ids[id] ?? 0) + 1
  return state.ids[id]
}

export const ledger = actor(Ledger, {
  durable: true,
  state: (): { ids: Record<string, number> } => ({ ids: {} }),
  on: {
    note(ctx, { id, passTo, hops = 0 }) {
      if (passTo !== undefined && hops > 0) {
        ctx.ref(Ledger, passTo).tell.note({ id, passTo: ctx.self.key, hops: hops - 1 })
      }
      return noted(ctx.state, id)
    },
    async step(ctx, { id }) {
      const answer = await ctx.effect('look', id, () => `looked at ${id}`, { idempotent: true })
      noted(ctx.state, id)
      return answer
    },
    async asks(ctx, { id, of }) {
      noted(ctx.state, id)
      return await ctx.ref(Ledger, of).ask.note({ id: `${id}-asked` })
    },
    spread(ctx, { id, to }) {
      ctx.ref(Relay, to).tell.pass({ id, to, hops: 1 })
      ctx.publish('ledger.spread', { id })
      return noted(ctx.state, id)
    },
  },
  reads: { notes: (ctx) => ({ ...ctx.state.ids }) },
})

export const relay = actor(Relay, {
  state: () => ({ seen: 0 }),
  on: {
    pass(ctx, { id, to, hops }) {
      ctx.state.seen += 1
      if (hops > 0) ctx.ref(Relay, to).tell.pass({ id, to: ctx.self.key, hops: hops - 1 })
    },
    async hand(ctx, { id, to }) {
      await ctx.ref(Ledger, to).deliver.note({ id })
      ctx.state.seen += 1
      return ctx.state.seen
    },
    exit(_ctx, code) {
      process.exit(code)
    },
    async where() {
      return (await import('node:worker_threads')).threadId
    },
    seen: (ctx) => ctx.state.seen,
  },
})

// biome-ignore lint/style/noDefaultExport: every thread finds the app as its module's default
export default app(import.meta.url, { actors: [ledger, relay] })
