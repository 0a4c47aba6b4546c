/**
 * What recording costs a volatile actor that gets 50,000 messages a second from another thread: CPU time of
 * the whole process per message, with headers and in full, beside the same without a record; and what share
 * of the machine the difference takes at that rate.
 */
import { availableParallelism } from 'node:os'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createSystem, type System } from '../../runtime/index.ts'
import type { BenchCase, Contestant, Round } from '../bench-case.ts'
import { TempFolder } from '../temp-folder.ts'
import { must } from '../timing.ts'

interface Reading {
  readonly sensor: string
  readonly value: number
}
const messages = { read: message<Reading>(), count: message<void, number>() }
const Plain = contract('plain', messages)
const Headers = contract('headers', messages)
const Full = contract('full', messages)

const on = {
  read: (ctx: { readonly state: { count: number } }): void => {
    ctx.state.count += 1
  },
  count: (ctx: { readonly state: { count: number } }): number => ctx.state.count,
}
const state = (): { count: number } => ({ count: 0 })
const mailbox = { capacity: 100_000 }
const sensors = app(import.meta.url, {
  actors: [
    actor(Plain, { state, on, mailbox }),
    actor(Headers, { state, on, mailbox, record: 'headers' }),
    actor(Full, { state, on, mailbox, record: 'full' }),
  ],
})

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default sensors

const perMs = 50

/** At that rate, of all cores. */
const shareFact = '% of the machine for the record'

export const record: BenchCase = {
  name: 'record',
  what: 'CPU per message, volatile actor, 50,000 messages a second from another thread',
  unit: 'microseconds of CPU/message',
  better: 'lower',
  gate: [
    { of: 'headers', fact: shareFact, better: 'lower', limit: 5 },
    { of: 'full', fact: shareFact, better: 'lower', limit: 15 },
    { of: 'headers', ratioToBound: 1.05, aim: true },
    { of: 'full', ratioToBound: 1.15, aim: true },
  ],
  quiet: true,
  async prepare(quick) {
    const folder = new TempFolder()
    const system = await createSystem(sensors, {
      workers: 1,
      store: folder.file('a.db'),
      development: false,
    })
    const ms = quick ? 200 : 3_000
    const plain = loaded(system, 'no record', Plain, ms)
    return {
      ours: beside(plain, loaded(system, 'headers', Headers, ms)),
      others: [{ ...beside(plain, loaded(system, 'full', Full, ms)), bound: 'no record' }],
      bounds: [plain],
      async close() {
        await system.close()
        folder.remove()
      },
    }
  },
}

type Sensor = typeof Plain | typeof Headers | typeof Full

/** Says what it takes of the machine more than the last round without a record, once there was one. */
function beside(plain: Load, recorded: Load): Contestant {
  return {
    name: recorded.name,
    async round(): Promise<Round> {
      const { figure, facts } = await recorded.round()
      if (plain.last === undefined) return { figure, facts }
      const coresTaken = ((figure - plain.last) * perMs) / 1_000
      return {
        figure,
        facts: { ...facts, [shareFact]: (coresTaken / availableParallelism()) * 100 },
      }
    },
  }
}

interface Load extends Contestant {
  round(): Promise<Required<Omit<Round, 'latency'>>>
  /** Figure of its last round. */
  readonly last: number | undefined
}

function loaded(system: System, name: string, sensor: Sensor, ms: number): Load {
  const { tell, ask } = system.ref(sensor as typeof Plain, 's')
  let total = 0
  let last: number | undefined
  return {
    name,
    get last() {
      return last
    },
    async round() {
      const cpu = process.cpuUsage()
      const start = performance.now()
      let sent = 0
      while (sent < ms * perMs) {
        const due = Math.min(ms, Math.floor(performance.now() - start)) * perMs
        for (; sent < due; sent += 1) {
          if (tell.read({ sensor: 'room', value: sent }).status !== 'queued') break
        }
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      await system.quiet()
      const { user, system: kernel } = process.cpuUsage(cpu)
      total += sent
      const count = await ask.count()
      must(count === total, () => `${name}: ${count} of ${total} arrived`)
      last = (user + kernel) / sent
      return {
        figure: last,
        facts: { 'messages/s': sent / ((performance.now() - start) / 1_000) },
      }
    },
  }
}
