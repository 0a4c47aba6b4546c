/**
 * A host at 120 % of what it can do: how long messages of each lane wait, and what share the low lane gets
 * (M2). Every lane asks for 30 %; control, high and normal take 90, what is left is low's.
 */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { Latency } from '../../runtime/bench/latency.ts'
import { createSystem, type System } from '../../runtime/index.ts'
import type { BenchCase, Round } from '../bench-case.ts'
import { burn } from '../burn.ts'
import { must } from '../timing.ts'

const lanes = ['control', 'high', 'normal', 'low'] as const
type LaneName = (typeof lanes)[number]

interface Waits {
  readonly lane: LaneName
  /** Ms, one per message, in the order of their turns. */
  readonly waits: readonly number[]
}

const Desk = contract('desk', {
  work: message<{ lane: LaneName; sent: number }>(),
  take: message<void, readonly Waits[]>(),
})
const desk = actor(Desk, {
  mailbox: { capacity: 1_000_000 },
  state: () => ({ waits: Object.fromEntries(lanes.map((lane) => [lane, [] as number[]])) }),
  on: {
    work(ctx, { lane, sent }) {
      ctx.state.waits[lane]?.push(performance.now() - sent)
      burn(rounds)
    },
    take(ctx) {
      const found = lanes.map((lane) => ({ lane, waits: ctx.state.waits[lane] ?? [] }))
      ctx.state.waits = Object.fromEntries(lanes.map((lane) => [lane, [] as number[]]))
      return found
    },
  },
})
const desks = app(import.meta.url, { actors: [desk] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default desks

/** Of {@link burn}: about a tenth of a ms. */
const rounds = 50_000
const overload = 1.2
/** Of low, when every lane has something to do: 1 of 8 + 4 + 2 + 1. */
const lowShare = 1 / 15

export const priority: BenchCase = {
  name: 'priority',
  what: 'wait of a message by lane, host at 120 % of its capacity',
  unit: 'ms, p99',
  better: 'lower',
  gate: [{ limit: 10 }, { fact: 'share of low', better: 'higher', limit: lowShare }],
  rounds: 5,
  async prepare(quick) {
    const system = await createSystem(desks, { workers: 1, development: false })
    const ms = quick ? 400 : 3_000
    const capacity = await capacityOf(system, quick ? 500 : 5_000)
    let last: ReadonlyMap<LaneName, Round> = new Map()
    const [ours, ...others] = lanes.map((lane) => ({
      name: `troupe, ${lane}`,
      async round() {
        // One load serves all four: they are measured in the same seconds.
        if (lane === 'control') last = await loadedRound(system, capacity * overload, ms)
        return last.get(lane) ?? Number.NaN
      },
    }))
    return {
      ours: ours as NonNullable<typeof ours>,
      others,
      bounds: [],
      close: async () => void (await system.close()),
    }
  },
}

/** Turns per second of a host that has nothing else to do. */
async function capacityOf(system: System, turns: number): Promise<number> {
  const { tell, ask } = system.ref(Desk, 'd')
  for (let warm = 0; warm < 2; warm += 1) {
    const start = performance.now()
    for (let i = 0; i < turns; i += 1) {
      while (tell.work({ lane: 'normal', sent: 0 }).status === 'full') await nextMs()
    }
    await ask.take()
    if (warm === 1) return turns / ((performance.now() - start) / 1_000)
  }
  return Number.NaN
}

/** @param rate messages per second, all lanes together */
async function loadedRound(
  system: System,
  rate: number,
  ms: number,
): Promise<ReadonlyMap<LaneName, Round>> {
  const { tell, ask } = system.ref(Desk, 'd')
  const start = performance.now()
  let sent = 0
  for (let now = start; now - start < ms; now = performance.now()) {
    // Each message at its time, as many as are due: a late sender counts as waiting (open loop).
    for (; sent < ((now - start) / 1_000) * rate; sent += 1) {
      const lane = lanes[sent % lanes.length] as LaneName
      const due = start + (sent / rate) * 1_000
      // No credit on the link: it is sent a ms later, and its wait counts from when it was due.
      if (tell.work({ lane, sent: due }, { lane }).status === 'full') break
    }
    await nextMs()
  }
  // Control comes first: what was done until now is the answer, what waits is not.
  const found = await ask.take(undefined, { lane: 'control' })
  await system.quiet()
  const rest = await ask.take()
  const done = count(found)
  must(done + count(rest) === sent, () => `${done} and ${count(rest)} of ${sent} were done`)
  const low = found.find(({ lane }) => lane === 'low')?.waits.length ?? 0
  return new Map(found.map((one) => [one.lane, roundOf(one, low / done)]))
}

function roundOf({ lane, waits }: Waits, share: number): Round {
  const latency = new Latency()
  for (const wait of waits) latency.record(wait)
  return {
    figure: latency.percentile(99),
    latency,
    ...(lane === 'control' && { facts: { 'share of low': share } }),
  }
}

function count(found: readonly Waits[]): number {
  return found.reduce((sum, { waits }) => sum + waits.length, 0)
}

function nextMs(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1))
}
