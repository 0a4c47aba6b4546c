/** New code that does not fit everything in the store of `check.test.ts`. */
import { z } from 'zod'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'

const Shop = contract('shop', {
  buy: message<{ item: string }, void>({
    version: 2,
    migrate: {
      1(item: string) {
        if (item === 'tea') throw new Error('no tea any more')
        return { item }
      },
    },
  }),
  price: message({ input: z.number().max(10) }),
  count: message({ input: z.number().max(10) }),
})

const shop = actor(Shop, {
  durable: true,
  version: 3,
  migrate: {
    2(old: { sold: string[] }) {
      if (old.sold.length > 1) throw new Error('too much')
      return { sold: old.sold.length }
    },
  },
  removed: ['close'],
  renamedFrom: ['store'],
  state: () => ({ sold: 0 }),
  on: { buy: () => undefined, price: () => undefined, count: () => undefined },
})

const board = actor(contract('board', { note: message<string, void>() }), {
  durable: true,
  state: () => ({}),
  on: { note: () => undefined },
})

// biome-ignore lint/style/noDefaultExport: a command finds the app as its module's default
export default app(import.meta.url, { actors: [shop, board], removed: ['till'] })
