/** A volatile actor that is recorded in full, with everything that its record has to hold. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'

export const Counter = contract('counter', {
  add: message<number, number>(),
  look: message<string, string>(),
  askOther: message<number, number>(),
  fail: message<void, void>(),
  later: message<string>(),
  open: message<void>(),
  chance: message<void, { random: number; id: string }>(),
})
export const Other = contract('other', { double: message<number, number>() })

/** What the outside answers; a test changes it. */
export const outside = { calls: 0, word: 'yes' }

export const counter = actor(Counter, {
  record: 'full',
  supervision: { backoff: 0 },
  state: () => ({ sum: 0, open: false, seen: [] as string[] }),
  async onStart(ctx) {
    ctx.state.sum = await ctx.effect('load', null, () => {
      outside.calls += 1
      return 100
    })
  },
  on: {
    add(ctx, n) {
      ctx.state.sum += n
      return ctx.state.sum
    },
    async look(ctx, what) {
      const word = await ctx.effect('look up', what, () => {
        outside.calls += 1
        return outside.word
      })
      ctx.state.seen.push(word)
      return `${word} ${ctx.state.seen.length} ${ctx.state.sum}`
    },
    async askOther(ctx, n) {
      ctx.state.sum += await ctx.ref(Other, 'o').ask.double(n)
      return ctx.state.sum
    },
    fail(ctx) {
      ctx.state.sum = -1
      throw new Error('as it was told')
    },
    async later(ctx, word) {
      if (!ctx.state.open) return ctx.stash()
      ctx.state.seen.push(await ctx.effect('look up', word, () => outside.word))
    },
    open(ctx) {
      ctx.state.open = true
      ctx.unstash()
    },
    chance: (ctx) => ({ random: ctx.random(), id: ctx.uuid() }),
  },
})

export const other = actor(Other, {
  on: {
    double(_ctx, n) {
      outside.calls += 1
      return 2 * n
    },
  },
})

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default app(import.meta.url, { actors: [counter, other] })
