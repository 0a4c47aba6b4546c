/**
 * Acknowledged durable turns through the whole runtime, `synchronous=FULL`, 1,000 actors, asked from
 * outside and from another actor, beside SQLite alone appending as many records of the same size in packed
 * segments. Each actor has one who asks it again as soon as it has answered.
 */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import type { Ref } from '../../actors/ref.ts'
import {
  createSystem,
  type System,
  type TelemetryOptions,
  type TraceExporter,
} from '../../runtime/index.ts'
import { Account, account } from '../account.ts'
import type { BenchCase, Contestant, Prepared } from '../bench-case.ts'
import { nodePeer } from '../peers/index.ts'
import { segmentBound } from '../segment-bound.ts'
import { TempFolder } from '../temp-folder.ts'
import { must, rate } from '../timing.ts'

const Teller = contract('teller', { depositToAll: message<{ times: number }, number>() })

const teller = actor(Teller, {
  on: {
    async depositToAll(ctx, { times }) {
      const done = keys.map((key) => depositing(ctx.ref(Account, key), times))
      return (await Promise.all(done)).reduce((sum, one) => sum + one, 0)
    },
  },
})
const bank = app(import.meta.url, { actors: [account, teller] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default bank

const actors = 1_000
const keys = Array.from({ length: actors }, (_, i) => `k${i}`)

export const durableTurn: BenchCase = {
  name: 'durable-turn',
  what: 'acknowledged asks to 1,000 durable actors, synced, one host',
  unit: 'turns/s',
  better: 'higher',
  gate: [
    { ratioToBound: 0.6 },
    { of: 'troupe, from an actor', ratioToBound: 0.6 },
    { ratioTo: 'LangGraph.js', wanted: 200 },
  ],
  prepare: (quick) => prepared(quick),
}

/** The same with one trace in ten recorded, and nowhere to send it: what a collector takes is not ours. */
export const durableTurnTraced: BenchCase = {
  name: 'durable-turn-traced',
  what: 'durable-turn with one trace in ten recorded',
  unit: 'turns/s',
  better: 'higher',
  gate: { ratioToBound: 0.5 },
  prepare: (quick) => prepared(quick, { traces: { exporter: forgetful, sampling: 0.1 } }),
}

const forgetful: TraceExporter = {
  export: (_, done) => done({ code: 0 }),
  shutdown: () => Promise.resolve(),
}

async function prepared(quick: boolean, telemetry: TelemetryOptions = {}): Promise<Prepared> {
  const folder = new TempFolder()
  const times = quick ? 2 : 40
  const turns = times * actors
  const bound = segmentBound(folder.file('bound.db'))
  const system = await createSystem(bank, {
    workers: 1,
    store: folder.file('ours.db'),
    development: false,
    telemetry,
  })
  const ours = new Depositing(system, times)
  return {
    ours: ours.contestant('troupe', () => ours.fromOutside()),
    others: [
      {
        ...ours.contestant('troupe, from an actor', () => ours.fromAnActor()),
        bound: 'SQLite, segments of 256',
      },
    ],
    bounds: [{ name: 'SQLite, segments of 256', round: () => bound.append(turns) }],
    peers: [nodePeer('@langchain/langgraph', 'durableTurn', quick ? 20 : 200)],
    async close() {
      await system.close()
      bound.close()
      folder.remove()
    },
  }
}

/** One after the other. */
async function depositing(to: Ref<typeof Account.messages>, times: number): Promise<number> {
  for (let i = 0; i < times; i += 1) await to.ask.deposit({ amount: 1 })
  return times
}

class Depositing {
  readonly #system: System
  /** Deposits to each actor. */
  readonly #times: number
  #rounds = 0

  constructor(system: System, times: number) {
    this.#system = system
    this.#times = times
  }

  contestant(name: string, deposit: () => Promise<unknown>): Contestant {
    const turns = this.#times * actors
    return {
      name,
      round: async () => {
        const before = await this.#bytes()
        const figure = await rate(turns, deposit)
        const after = await this.#bytes()
        this.#rounds += 1
        const last = await this.#system.ref(Account, 'k0').ask.deposit({ amount: 0 })
        must(last === this.#rounds * this.#times, () => `lost deposits: ${last}`)
        return { figure, facts: { 'bytes/turn': (after - before) / turns } }
      },
    }
  }

  async fromOutside(): Promise<void> {
    await Promise.all(keys.map((key) => depositing(this.#system.ref(Account, key), this.#times)))
  }

  async fromAnActor(): Promise<void> {
    const to = this.#system.ref(Teller, 't')
    const sum = await to.ask.depositToAll({ times: this.#times }, { within: 600_000 })
    must(sum === this.#times * actors, () => `${sum} deposits were answered`)
  }

  async #bytes(): Promise<number> {
    return (await this.#system.health()).store?.bytes ?? 0
  }
}
