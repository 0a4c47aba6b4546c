/**
 * The longest pause of any host while a checkpoint of 100,000 actors (2,000 with --quick) is written and
 * turns are committed, beside the longest without one (D7). A pause is a gap of the host's event loop, as
 * Node measures it, looked for each ms.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { hashAddress } from '../../mailbox/address.ts'
import { openSqliteReader } from '../../persistence/sqlite/sqlite-store.ts'
import { createSystem, type System } from '../../runtime/index.ts'
import { AccountTurns } from '../accounts-store.ts'
import type { BenchCase, Round } from '../bench-case.ts'
import { TempFolder } from '../temp-folder.ts'

const Account = contract('account', { set: message<string, number>() })
const Pacer = contract('pacer', {
  begin: message<void, void>(),
  /** Longest gap in ms. */
  end: message<void, number>(),
})
const account = actor(Account, {
  durable: true,
  state: () => ({ turn: 0, text: '' }),
  on: {
    set(ctx, text) {
      ctx.state.text = text
      ctx.state.turn += 1
      return ctx.state.turn
    },
  },
})
const pacer = actor(Pacer, {
  state: () => ({ loop: monitorEventLoopDelay({ resolution: 1 }) }),
  on: {
    begin: (ctx) => {
      ctx.state.loop.reset()
      ctx.state.loop.enable()
    },
    end(ctx) {
      ctx.state.loop.disable()
      return ctx.state.loop.max / 1_000_000
    },
  },
})
const accounts = app(import.meta.url, { actors: [account, pacer] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default accounts

const workers = 2
/** Enough that nothing is due by itself. */
const never = Number.MAX_SAFE_INTEGER

export const checkpointHosts: BenchCase = {
  name: 'checkpoint-hosts',
  what: 'longest pause of any host while a checkpoint of 100,000 actors is written',
  unit: 'ms',
  better: 'lower',
  quiet: true,
  rounds: 3,
  prepare(quick) {
    const actors = quick ? 2_000 : 100_000
    return {
      ours: { name: 'with a checkpoint', round: () => round(actors, 1) },
      bounds: [{ name: 'without', round: () => round(actors, never) }],
    }
  },
}

async function round(actors: number, checkpointEvery: number): Promise<Round> {
  const folder = new TempFolder()
  const file = folder.file('a.db')
  const turns = new AccountTurns(file)
  // Every actor has news, so that every one is in the checkpoint.
  turns.write(actors, 20)
  turns.store.close()
  const options = {
    workers,
    store: file,
    checkpointEvery,
    checkpointAfter: never,
    // What no checkpoint holds is read at the start.
    startWithin: 120_000,
  }
  const system = await createSystem(accounts, { ...options, development: false })
  try {
    const pacers = Array.from({ length: workers }, (_, slot) => system.ref(Pacer, keyOn(slot)))
    await Promise.all(pacers.map((ref) => ref.ask.begin()))
    const isDone = checkpointEvery === never ? after(1_000) : writtenTo(file, actors)
    const asks = await work(system, isDone)
    const gaps = await Promise.all(pacers.map((ref) => ref.ask.end()))
    return { figure: Math.max(...gaps), facts: { 'longest ask, ms': asks } }
  } finally {
    await system.close()
    folder.remove()
  }
}

/** Turns one after the other until it is done. @returns the longest round trip in ms */
async function work(system: System, isDone: () => boolean): Promise<number> {
  let longest = 0
  for (let i = 0; !isDone(); i += 1) {
    const start = performance.now()
    await system.ref(Account, `live-${i % 16}`).ask.set(`text ${i}`)
    longest = Math.max(longest, performance.now() - start)
  }
  return longest
}

function after(ms: number): () => boolean {
  const end = performance.now() + ms
  return () => performance.now() >= end
}

/** True once a whole checkpoint behind all the actors' turns is in the file. */
function writtenTo(file: string, position: number): () => boolean {
  let looked = 0
  return () => {
    if (performance.now() - looked < 50) return false
    looked = performance.now()
    const { medium, close } = openSqliteReader(file)
    try {
      const [newest] = medium.checkpoints()
      return (newest?.position ?? 0) >= position
    } finally {
      close()
    }
  }
}

function keyOn(slot: number): string {
  for (let i = 0; ; i += 1) if (hashAddress(`pacer/p${i}`) % workers === slot) return `p${i}`
}
