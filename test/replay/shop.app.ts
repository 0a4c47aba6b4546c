/** A shop whose turns call out: with effects, an ask of a volatile actor, and dependencies. */
import { actor, needs } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'

export const Shop = contract('shop', {
  buy: message<{ item: string }, string>(),
})
export const Prices = contract('prices', {
  of: message<{ item: string }, number>(),
})

/** What is live in this app, counted. */
export interface Live {
  charge(item: string, amount: number): string
  lookUp(item: string): number
}

const shop = actor(Shop, {
  durable: true,
  needs: needs<Live>(),
  retry: { attempts: 2, backoff: 1 },
  state: () => ({ receipts: [] as string[] }),
  on: {
    async buy(ctx, { item }) {
      const price = await ctx.ref(Prices, 'all').ask.of({ item })
      const receipt = await ctx.effect('charge', { item, price }, () =>
        ctx.deps.charge(item, price),
      )
      ctx.state.receipts.push(receipt)
      return receipt
    },
  },
})

const prices = actor(Prices, {
  needs: needs<Live>(),
  on: {
    of: (ctx, { item }) => ctx.effect('look up', item, () => ctx.deps.lookUp(item)),
  },
})

export const calls: string[] = []
export const live: Live = {
  charge(item, amount) {
    calls.push(`charge ${item}`)
    return `receipt ${calls.length} for ${item}, ${amount}`
  },
  lookUp(item) {
    calls.push(`look up ${item}`)
    return item.length
  },
}

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default app(import.meta.url, { actors: [shop, prices], deps: () => live })
