/**
 * The actors behind the golden store of format 1. The store keeps what this code said and did not
 * finish; the code here may be changed only so that it compiles: its names, versions and shapes are
 * those in the file.
 */
import { actor } from '../../actors/actor.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import type { Gate } from '../durable/support.ts'

export const Account = contract('account', {
  deposit: message<number, number>(),
  write: message<string, void>(),
  put: message<string, void>(),
  release: message<void, void>(),
  charge: message<number, string>(),
  ring: message<string, void>(),
  remind: message<{ readonly name: string; readonly every: number }, void>(),
  follow: message<string, void>(),
  heard: message<number, void>(),
  adopt: message<string, void>(),
  refuse: message<string, void>(),
  close: message<void, void>(),
  watch: message<string, void>(),
  see: message<void, State>(),
})
export const Clerk = contract('clerk', { note: message<{ readonly text: string }, void>() })

export interface State {
  balance: number
  log: string[]
  /** One of each kind that a state may hold. */
  kinds: {
    date: Date
    big: bigint
    bytes: Uint8Array
    map: Map<string, number>
    set: Set<string>
    nothing: null
    missing: undefined
    real: number
  }
}

/** Where calls to the outside wait, and which were made. */
export interface Outside {
  readonly gate: Gate
  readonly calls: string[]
}

export function actorsOf(outside: Outside) {
  const account = actor(Account, {
    durable: true,
    version: 2,
    migrate: { 1: (old: State) => old },
    retry: { attempts: 1 },
    state: (key): State => ({
      balance: 0,
      log: [`born ${key}`],
      kinds: {
        date: new Date(Date.UTC(2026, 0, 1)),
        big: 12345678901234567890n,
        bytes: new Uint8Array([1, 2, 255]),
        map: new Map([['a', 1]]),
        set: new Set(['x']),
        nothing: null,
        missing: undefined,
        real: 0.1,
      },
    }),
    onTerminated: (ctx, who) => void ctx.state.log.push(`ended ${who.key}`),
    on: {
      deposit: (ctx, amount) => (ctx.state.balance += amount),
      write(ctx, text) {
        ctx.state.log.push(text)
        ctx.state.kinds.map.set(text.slice(0, 8), text.length)
      },
      put: (ctx) => ctx.stash(),
      release: (ctx) => ctx.unstash(),
      async charge(ctx, amount) {
        const call = async (name: string, wait: boolean): Promise<string> => {
          outside.calls.push(name)
          if (wait) await outside.gate.pass()
          return `${name} ${amount}`
        }
        const first = await ctx.effect('reserve', { amount }, () => call('reserve', false))
        const second = await ctx.effect('pay', { amount }, () => call('pay', true))
        ctx.state.balance -= amount
        return `${first}, ${second}`
      },
      ring: (ctx, text) => void ctx.state.log.push(`ring ${text}`),
      remind(ctx, { name, every }) {
        ctx.timer(name, every > 0 ? { rate: every } : { after: 60_000 }, 'ring', name)
        ctx.timer('delayed', { delay: 7_200_000 }, 'ring', 'delayed')
      },
      follow: (ctx, pattern) => ctx.subscribe(pattern, 'heard'),
      heard: (ctx, price) => void ctx.state.log.push(`heard ${price}`),
      adopt: (ctx, name) => void ctx.spawn(Account, name),
      refuse(_ctx, why) {
        throw new Error(why)
      },
      close: (ctx) => ctx.destroy(),
      watch: (ctx, key) => ctx.watch({ type: 'account', key }),
    },
    reads: { see: (ctx) => ctx.state },
  })
  const clerk = actor(Clerk, { record: 'full', on: { note: () => undefined } })
  return [account, clerk] as const
}
