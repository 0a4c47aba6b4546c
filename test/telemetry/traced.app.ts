/** A shop on two threads: a durable order asks a volatile price, and tells a durable till. */
import { actor, needs } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message, stream } from '../../actors/message.ts'

export const Order = contract('order', {
  place: message<{ item: string; note: string }, number>(),
  refuse: message<void, number>(),
  later: message(),
  tick: message(),
  aside: message(),
  ticks: message<void, number>(),
  trace: message<void, string | undefined>(),
})
export const Price = contract('price', {
  of: message<string, number>(),
  list: stream<string, number, number>(),
})
export const Till = contract('till', {
  add: message<{ cents: number }, number>(),
  heard: message<{ cents: number }>(),
  start: message(),
  sum: message<void, number>(),
})

interface Deps {
  readonly note: () => void
}

const order = actor(Order, {
  durable: true,
  needs: needs<Deps>(),
  pin: 'orders',
  state: () => ({ placed: 0, ticks: 0 }),
  on: {
    async place(ctx, { item }) {
      const cents = await ctx.ref(Price, item).ask.of(item)
      ctx.state.placed += 1
      const packing = ctx.span?.start('pack', { 'shop.items': 1 })
      ctx.ref(Till, 'front', packing).tell.add({ cents })
      packing?.end()
      return await ctx.ref(Till, 'back').ask.add({ cents })
    },
    refuse(ctx) {
      ctx.ref(Till, 'front').tell.add({ cents: 1 })
      throw new RangeError('of card 4711')
    },
    later: (ctx) => ctx.timer('t', { after: 0 }, 'tick'),
    tick: (ctx) => {
      ctx.state.ticks += 1
    },
    aside: (ctx) => ctx.deps.note(),
    trace: (ctx) => ctx.span?.traceparent ?? ctx.message.trace,
  },
  reads: { ticks: (ctx) => ctx.state.ticks },
})

const price = actor(Price, {
  pin: 'prices',
  on: {
    of: (_, item) => item.length * 100,
    async *list(_, item) {
      yield item.length
      return 1
    },
  },
})

const till = actor(Till, {
  durable: true,
  pin: 'prices',
  state: () => ({ sum: 0 }),
  on: {
    start: (ctx) => ctx.subscribe('sales.*', 'heard'),
    add(ctx, { cents }) {
      ctx.state.sum += cents
      // In a process that is to be killed here.
      if (ctx.self.key !== 'back' || process.env['DIES'] !== 'yes') return ctx.state.sum
      process.stdout.write('at the till\n')
      return new Promise<number>(() => undefined)
    },
    heard(ctx, { cents }) {
      ctx.state.sum += cents
    },
  },
  reads: { sum: (ctx) => ctx.state.sum },
})

// biome-ignore lint/style/noDefaultExport: threads find the app by it
export default app(import.meta.url, {
  actors: [order, price, till],
  deps: ({ ref }): Deps => ({ note: () => void ref(Till, 'front').tell.add({ cents: 1 }) }),
})
