/**
 * Payloads of 1 KB, 64 KB and 1 MB, half text and half bytes, to an actor on another thread, beside
 * `postMessage`'s structured clone of the same object.
 */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createSystem, type System } from '../../runtime/index.ts'
import { type BigPayload, bigInFlight, bigPayload } from '../bare-thread.ts'
import { BareThread } from '../bare-threads.ts'
import type { BenchCase, Contestant } from '../bench-case.ts'
import { must, rate } from '../timing.ts'

const Sink = contract('sink', { take: message<BigPayload>(), total: message<void, number>() })
const Source = contract('source', { send: message<{ bytes: number; count: number }>() })

const sink = actor(Sink, {
  pin: 'there',
  state: () => ({ total: 0 }),
  on: {
    take(ctx, { text, bytes }) {
      ctx.state.total += text.length + bytes.length
    },
    total: (ctx) => ctx.state.total,
  },
})
const source = actor(Source, {
  pin: 'here',
  on: {
    async send(ctx, { bytes, count }) {
      const to = ctx.ref(Sink, 's')
      const payload = bigPayload(bytes)
      const arrivals: Promise<void>[] = []
      for (let i = 0; i < count; i += 1) {
        arrivals.push(to.deliver.take(payload))
        if (arrivals.length >= bigInFlight(bytes)) await arrivals.shift()
      }
      await Promise.all(arrivals)
    },
  },
})
const big = app(import.meta.url, { actors: [sink, source] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default big

const mega = 1_000_000
const sizes = [
  { title: '1 KB', bytes: 1_000 },
  { title: '64 KB', bytes: 64_000 },
  { title: '1 MB', bytes: mega },
] as const

export const bigRemote: BenchCase = {
  name: 'big-remote',
  what: 'payloads of 1 KB, 64 KB and 1 MB, half of it bytes, to another thread',
  unit: 'MB/s',
  better: 'higher',
  gate: sizes.map(({ title }) => ({ of: `troupe, ${title}`, ratioToBound: 1 })),
  async prepare(quick) {
    const system = await createSystem(big, { workers: 1, development: false })
    const pair = await BareThread.pair({ role: 'cloneSender' }, { role: 'cloneCounter' })
    const sent = { ours: 0, bound: 0 }
    const volume = quick ? 2 * mega : 60 * mega
    const rounds = sizes.map(({ title, bytes }) => {
      const count = Math.min(quick ? 200 : 10_000, Math.ceil(volume / bytes))
      return {
        ours: oursOf(system, title, bytes, count, sent),
        bound: boundOf(pair, title, bytes, count, sent),
      }
    })
    const [first, ...rest] = rounds.map(({ ours }) => ours) as [Contestant, ...Contestant[]]
    return {
      ours: first,
      others: rest,
      bounds: rounds.map(({ bound }) => bound),
      async close() {
        await system.close()
        await Promise.all(pair.map((thread) => thread.end()))
      },
    }
  },
}

function oursOf(
  system: System,
  title: string,
  bytes: number,
  count: number,
  sent: { ours: number },
): Contestant {
  return {
    name: `troupe, ${title}`,
    bound: `structured clone, ${title}`,
    round: () =>
      rate((bytes * count) / mega, async () => {
        await system.ref(Source, 's').ask.send({ bytes, count }, { within: 600_000 })
        sent.ours += bytes * count
        const total = await system.ref(Sink, 's').ask.total()
        must(total === sent.ours, () => `expected ${sent.ours} bytes, got ${total}`)
      }),
  }
}

function boundOf(
  [sending, counting]: readonly [BareThread, BareThread],
  title: string,
  bytes: number,
  count: number,
  sent: { bound: number },
): Contestant {
  return {
    name: `structured clone, ${title}`,
    round: () =>
      rate((bytes * count) / mega, async () => {
        await sending.ask({ bytes, count })
        sent.bound += bytes * count
        const total = await counting.ask(0)
        must(total === sent.bound, () => `expected ${sent.bound} bytes, got ${String(total)}`)
      }),
  }
}
