/**
 * What a turn costs as the state grows (D3): entries appended to a list of 100, 1,000, 10,000 and 100,000
 * by acknowledged asks, through the whole runtime, with the snapshots that fall due.
 */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createSystem, type System } from '../../runtime/index.ts'
import type { BenchCase, Contestant, Round } from '../bench-case.ts'
import { TempFolder } from '../temp-folder.ts'
import { must } from '../timing.ts'

const Journal = contract('journal', {
  fill: message<{ entries: number }, number>(),
  append: message<{ text: string }, number>(),
})
const journal = actor(Journal, {
  durable: true,
  state: () => ({ entries: [] as { at: number; text: string }[] }),
  on: {
    fill(ctx, { entries }) {
      ctx.state.entries = Array.from({ length: entries }, (_, at) => ({ at, text: `entry ${at}` }))
      return entries
    },
    append(ctx, { text }) {
      return ctx.state.entries.push({ at: ctx.state.entries.length, text })
    },
  },
})
const journals = app(import.meta.url, { actors: [journal] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default journals

/** Asks in flight together. */
const together = 500

export const durableGrowth: BenchCase = {
  name: 'durable-growth',
  what: 'appending to a durable state of 100,000 entries, against one of 100',
  unit: 'microseconds/turn',
  better: 'lower',
  gate: [
    { ratioToBound: 1.5 },
    { fact: 'bytes/turn', ratioTo: 'state of 100', wanted: 1.2, better: 'lower' },
  ],
  async prepare(quick) {
    const folder = new TempFolder()
    const system = await createSystem(journals, {
      workers: 1,
      store: folder.file('ours.db'),
      development: false,
    })
    const growing = new Growing(system, quick ? together : 8 * together)
    return {
      ours: growing.from(100_000),
      bounds: [growing.from(100)],
      others: [growing.from(1_000), growing.from(10_000)],
      async close() {
        await system.close()
        folder.remove()
      },
    }
  },
}

class Growing {
  readonly #system: System
  readonly #turns: number
  #actors = 0

  constructor(system: System, turns: number) {
    this.#system = system
    this.#turns = turns
  }

  from(size: number): Contestant {
    return { name: `state of ${size}`, round: () => this.#round(size) }
  }

  /** A new actor each time: one that was appended to before would be larger. */
  async #round(size: number): Promise<Round> {
    this.#actors += 1
    const { ask } = this.#system.ref(Journal, `j${this.#actors}`)
    await ask.fill({ entries: size })
    const bytes = await this.#bytes()
    const start = performance.now()
    let length = 0
    for (let done = 0; done < this.#turns; done += together) {
      const lengths = await Promise.all(
        Array.from({ length: together }, () => ask.append({ text: 'a new entry' })),
      )
      length = lengths.at(-1) ?? 0
    }
    const micros = ((performance.now() - start) * 1_000) / this.#turns
    must(length === size + this.#turns, () => `entries were lost: ${length}`)
    return {
      figure: micros,
      facts: { 'bytes/turn': ((await this.#bytes()) - bytes) / this.#turns },
    }
  }

  async #bytes(): Promise<number> {
    return (await this.#system.health()).store?.bytes ?? 0
  }
}
