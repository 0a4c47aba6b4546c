/**
 * Calls let through a gate in one thread: concurrency, tokens per minute by reservation, four lanes and
 * a hundred tenants, a thousand calls waiting at a time. Beside p-queue alone, which counts concurrency.
 */
import PQueue from 'p-queue'
import { LocalGate } from '../../actors/agents/models/local-gate.ts'
import type { BenchCase, Contestant } from '../bench-case.ts'
import { must } from '../timing.ts'

const lanes = ['control', 'high', 'normal', 'low'] as const
const concurrency = 100
const waiting = 1_000

export const gateCase: BenchCase = {
  name: 'gate',
  what: 'calls let through a gate by lane, tenant and tokens, a thousand waiting at a time',
  unit: 'calls/s',
  better: 'higher',
  async prepare(quick) {
    const batches = quick ? 2 : 50
    return { ours: ours(batches), bounds: [pQueueOf(batches)], close: async () => {} }
  },
}

function ours(batches: number): Contestant {
  return {
    name: 'troupe',
    async round() {
      const gate = new LocalGate({ concurrency, tokensPerMinute: Number.MAX_SAFE_INTEGER })
      const call = async (_: unknown, n: number): Promise<void> => {
        const lane = lanes[n % lanes.length] as (typeof lanes)[number]
        const permit = await gate.enter({ lane, tenant: String(n % 100), tokens: 1_000 })
        permit.settle({ tokens: 500 })
      }
      const figure = await rate(batches, call)
      const { tokens } = gate.stats
      must(tokens === batches * waiting * 500, () => `${tokens} tokens were counted`)
      return figure
    },
  }
}

function pQueueOf(batches: number): Contestant {
  return {
    name: 'p-queue alone',
    round() {
      const queue = new PQueue({ concurrency })
      return rate(batches, () => queue.add(async () => {}))
    },
  }
}

/** Calls per second. */
async function rate(
  batches: number,
  call: (_: unknown, n: number) => Promise<unknown>,
): Promise<number> {
  const start = performance.now()
  for (let batch = 0; batch < batches; batch += 1) {
    await Promise.all(Array.from({ length: waiting }, call))
  }
  return (batches * waiting * 1_000) / (performance.now() - start)
}
