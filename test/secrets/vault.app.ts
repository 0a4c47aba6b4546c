/** An actor that keeps a secret wherever a durable actor can keep a value, and one that says it aloud. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { terminal } from '../../mailbox/errors.ts'
import type { Secret } from '../../persistence/secret.ts'

export const Vault = contract('vault', {
  keep: message<{ password: Secret<string>; note: string }, Secret<string>>(),
  token: message<void, Secret<string>>(),
  length: message<void, number>(),
  fail: message<{ password: Secret<string> }>(),
})

export const Echo = contract('echo', {
  hear: message<{ password: Secret<string> }, Secret<string>>(),
  open: message<{ password: Secret<string> }, number>(),
})

/** What the service of these tests answers with: no test may find it in a file. */
export const serviceToken = 'tok_3f9a7c51e2'

export const vault = actor(Vault, {
  durable: true,
  state: () => ({
    note: '',
    kept: new Map<string, Secret<string>>(),
    tokens: [] as Secret<string>[],
  }),
  on: {
    keep(ctx, { password, note }) {
      ctx.state.note = note
      ctx.state.kept.set('password', password)
      ctx.ref(Echo, 'e').tell.hear({ password })
      ctx.publish('vault.kept', { password })
      ctx.timer('later', { after: 3_600_000 }, 'fail', { password })
      ctx.log.warn(`kept ${password}`, { password })
      return ctx.secret(`${ctx.reveal(password)}!`)
    },
    async token(ctx) {
      const token = await ctx.effect('log in', ctx.state.kept.get('password'), () =>
        ctx.secret(serviceToken),
      )
      ctx.state.tokens.push(token)
      return token
    },
    fail(_ctx, { password }) {
      throw terminal(`cannot use ${password} ${JSON.stringify({ password })}`)
    },
  },
  reads: {
    length(ctx) {
      const password = ctx.state.kept.get('password')
      return password === undefined ? 0 : ctx.reveal(password).length
    },
  },
})

const echo = actor(Echo, {
  record: 'full',
  on: {
    hear: (_ctx, { password }) => password,
    // Answers are recorded too: an unsealed one would stand there.
    open: (ctx, { password }) => ctx.reveal(password).length,
  },
})

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default app(import.meta.url, { actors: [vault, echo] })
