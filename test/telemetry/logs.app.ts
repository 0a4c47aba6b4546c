/** Actors that write log lines: on two threads, in attempts, before their thread ends. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'

export const Clerk = contract('clerk', {
  note: message<{ text: string; password?: string }>(),
  whisper: message<string>(),
  lastWords: message<string>(),
})
export const Book = contract('book', {
  add: message<number, number>(),
  stumble: message(),
})

export const clerk = actor(Clerk, {
  on: {
    note: (ctx, { text, ...fields }) => ctx.log.info(text, fields),
    whisper: (ctx, text) => ctx.log.debug(text),
    lastWords(ctx, text) {
      ctx.log.error(text, { level: 10, time: 0 })
      process.exit(5)
    },
  },
})

export const book = actor(Book, {
  durable: true,
  retry: { attempts: 2, backoff: 1 },
  state: () => ({ sum: 0 }),
  on: {
    add(ctx, n) {
      ctx.state.sum += n
      ctx.log.info('added', { n, sum: ctx.state.sum })
      return ctx.state.sum
    },
    stumble(ctx) {
      ctx.log.warn('stumbles')
      throw new Error('as asked')
    },
  },
})

// biome-ignore lint/style/noDefaultExport: hosts find the app by it
export default app(import.meta.url, { actors: [clerk, book] })
