/** What does not compile: wrong names, payloads, replies and types. Held by `tsc`; nothing runs. */
import { z } from 'zod'
import { actor, needs } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message, stream } from '../../actors/message.ts'
import type { Ref } from '../../actors/ref.ts'

const Account = contract('account', {
  deposit: message<{ amount: number }, number>(),
  close: message(),
  owner: message<void, string>(),
  entries: stream<{ from: number }, { id: number }, string>(),
})
declare const ref: Ref<typeof Account.messages>

// ── refs ────────────────────────────────────────────────────────────────────────────────────────
ref.tell.deposit({ amount: 1 })
ref.tell.deposit({ amount: 1 }, { lane: 'high', within: 5, id: 'a', trace: 't' })
ref.tell.close()
ref.tell.close(undefined, { priority: 3 })
const reply: Promise<number> = ref.ask.deposit({ amount: 1 })
const nothing: Promise<void> = ref.ask.close()
void reply
void nothing
for await (const entry of ref.stream.entries({ from: 1 })) entry.id satisfies number

// @ts-expect-error no such message
ref.tell.withdraw({ amount: 1 })
// @ts-expect-error wrong payload
ref.tell.deposit({ amount: '1' })
// @ts-expect-error missing payload
ref.tell.deposit()
// @ts-expect-error superfluous field
ref.tell.deposit({ amount: 1, currency: 'EUR' })
// @ts-expect-error no payload wanted
ref.tell.close({ amount: 1 })
// @ts-expect-error no such lane
ref.tell.close(undefined, { lane: 'system' })
// @ts-expect-error no such option
ref.tell.close(undefined, { withn: 5 })
// @ts-expect-error wrong reply
ref.ask.deposit({ amount: 1 }) satisfies Promise<string>
// @ts-expect-error not a stream
ref.stream.deposit({ amount: 1 })

// ── contracts ───────────────────────────────────────────────────────────────────────────────────
// @ts-expect-error a function cannot be encoded
message<{ callback: () => void }>()
// @ts-expect-error nor can a reply be one
message<void, { run: () => void }>()
// @ts-expect-error a bound ref cannot be sent: send its address
message<{ me: Ref<typeof Account.messages> }>()
// @ts-expect-error an item has to be encodable too
stream<void, { at: symbol }>()

// ── definitions ─────────────────────────────────────────────────────────────────────────────────
const on = {
  deposit: () => 1,
  close: () => undefined,
  owner: () => 'me',
  *entries() {
    yield { id: 1 }
    return 'end'
  },
}
actor(Account, { on })
// @ts-expect-error a handler is missing
actor(Account, { on: { deposit: on.deposit, close: on.close, owner: on.owner } })
// @ts-expect-error wrong reply type
actor(Account, { on: { ...on, deposit: () => 'one' } })
actor(Account, {
  on: {
    ...on,
    // @ts-expect-error wrong item type
    *entries() {
      yield 1
      return 'end'
    },
  },
})
actor(Account, {
  on: { deposit: on.deposit, close: on.close, entries: on.entries },
  reads: { owner: () => 'me' },
})

actor(Account, {
  state: (key) => ({ balance: key.length, log: [] as string[] }),
  on: {
    ...on,
    deposit(ctx, { amount }) {
      amount satisfies number
      ctx.state.log.push(ctx.message.id)
      // @ts-expect-error no such field
      ctx.state.blance += amount
      ctx.timer('tick', { after: 5 }, 'close')
      ctx.timer('tick', { rate: 5 }, 'deposit', { amount: 1 })
      // @ts-expect-error no such message
      ctx.timer('tick', { after: 5 }, 'withdraw')
      // @ts-expect-error payload missing
      ctx.timer('tick', { after: 5 }, 'deposit')
      ctx.self.tell.close()
      ctx.state.balance += amount
      return ctx.state.balance
    },
  },
})

// ── two actors that return each other's replies: no circular types ──────────────────────────────
const Left = contract('left', { ask: message<number, string>() })
const Right = contract('right', { ask: message<string, number>() })
actor(Left, {
  on: {
    async ask(ctx, n) {
      return n === 0 ? 'zero' : String(await ctx.ref(Right, 'r').ask.ask(`${n}`))
    },
  },
})
actor(Right, {
  on: {
    async ask(ctx, text) {
      return (await ctx.ref(Left, 'l').ask.ask(text.length)).length
    },
  },
})
const Recursive = contract('recursive', { down: message<number, number>() })
actor(Recursive, {
  on: { down: async (ctx, n) => (n === 0 ? 0 : await ctx.ref(Recursive, `${n}`).ask.down(n - 1)) },
})

// ── schemas: sent before, received after the transform ──────────────────────────────────────────
const Parsed = contract('parsed', {
  at: message({ input: z.string().transform((text) => new Date(text)), output: z.number() }),
})
declare const parsed: Ref<typeof Parsed.messages>
parsed.tell.at('2026-01-01')
// @ts-expect-error the sender passes a text
parsed.tell.at(new Date())
actor(Parsed, { on: { at: (_ctx, date) => date.getTime() } })

// ── dependencies ────────────────────────────────────────────────────────────────────────────────
const needing = actor(Left, {
  needs: needs<{ db: { query(sql: string): string } }>(),
  on: { ask: (ctx) => ctx.deps.db.query('select 1') },
})
app(import.meta.url, { actors: [needing], deps: async () => ({ db: { query: (sql) => sql } }) })
// @ts-expect-error nobody provides the dependencies
app(import.meta.url, { actors: [needing] })
// @ts-expect-error the wrong ones
app(import.meta.url, { actors: [needing], deps: () => ({ cache: 1 }) })
app(import.meta.url, { actors: [actor(Left, { on: { ask: () => 'x' } })] })

// ── versions ────────────────────────────────────────────────────────────────────────────────────
const Kept = contract('kept', {
  add: message<{ by: number }, void>({ version: 2, migrate: { 1: (by: number) => ({ by }) } }),
  at: message({ input: z.number(), version: 2, migrate: { 1: (text: string) => Number(text) } }),
})
const kept = { add: () => undefined, at: () => undefined }
actor(Kept, {
  version: 3,
  migrate: {
    1: (old: { sum: number }) => ({ cents: old.sum }),
    2: (old: { cents: number }) => ({ euros: old.cents / 100 }),
  },
  state: () => ({ euros: 0 }),
  on: kept,
})
const otherState = actor(Kept, {
  version: 2,
  migrate: { 1: (old: { sum: number }) => ({ cents: old.sum }) },
  state: () => ({ euros: 0 }),
  on: kept,
})
const withoutLast = actor(Kept, {
  version: 3,
  migrate: { 1: (old: { sum: number }) => ({ euros: old.sum }) },
  state: () => ({ euros: 0 }),
  on: kept,
})
// @ts-expect-error the last migration gives another state
app(import.meta.url, { actors: [otherState] })
// @ts-expect-error the last migration is missing
app(import.meta.url, { actors: [withoutLast] })
const fits = actor(Kept, {
  version: 2,
  migrate: { 1: (old: { sum: number }) => ({ euros: old.sum }) },
  state: (key) => ({ euros: key.length }),
  on: { ...kept, add: (ctx) => void ctx.state.euros.toFixed() },
})
app(import.meta.url, { actors: [fits] })
actor(Kept, {
  version: 2,
  // @ts-expect-error the old shape has to be written down
  migrate: { 1: (old) => ({ euros: old.sum }) },
  state: () => ({ euros: 0 }),
  on: kept,
})
