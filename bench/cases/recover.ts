/**
 * Recovery of a store of 1,000,000 turns over 10,000 actors that has neither checkpoint nor snapshot: from
 * the opening of the file until every actor has answered with its folded state. Beside it: reading as many
 * patches from SQLite, decoding and applying them.
 */
import { copyFileSync } from 'node:fs'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { decodeValue, encodeValue } from '../../persistence/codec.ts'
import { applyPatch } from '../../persistence/patch.ts'
import { connect } from '../../persistence/sqlite/connection.ts'
import { createSystem } from '../../runtime/index.ts'
import { AccountTurns } from '../accounts-store.ts'
import type { BenchCase } from '../bench-case.ts'
import { TempFolder } from '../temp-folder.ts'
import { must, rate } from '../timing.ts'

export const Account = contract('account', { turn: message<void, number>() })
const account = actor(Account, {
  durable: true,
  state: () => ({ turn: 0, text: '' }),
  on: {},
  reads: { turn: (ctx) => ctx.state.turn },
})
const bank = app(import.meta.url, { actors: [account] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default bank

const textBytes = 20
/** Actors asked at once. */
const together = 500

export const recover: BenchCase = {
  name: 'recover',
  what: 'opening a store of 1,000,000 turns and folding the states of its 10,000 actors',
  unit: 'turns/s',
  better: 'higher',
  gate: { ratioToBound: 0.6 },
  rounds: 3,
  prepare(quick) {
    const folder = new TempFolder()
    const actors = quick ? 500 : 10_000
    const turnsEach = quick ? 10 : 100
    const turns = actors * turnsEach
    const file = folder.file('written.db')
    const writer = new AccountTurns(file)
    for (let i = 0; i < turnsEach; i += 1) writer.write(actors, textBytes)
    writer.store.close()
    const bound = new PatchFile(folder.file('bound.db'), actors, turnsEach)
    const copy = folder.file('ours.db')
    return {
      ours: {
        name: 'troupe',
        async round() {
          copyFileSync(file, copy)
          const start = performance.now()
          const system = await createSystem(bank, { workers: 1, store: copy, development: false })
          for (let first = 0; first < actors; first += together) {
            const found = await Promise.all(
              Array.from({ length: Math.min(together, actors - first) }, (_, i) =>
                system.ref(Account, String(first + i)).ask.turn(),
              ),
            )
            must(
              found.every((turn) => turn === turnsEach),
              () => `some of ${found} is behind`,
            )
          }
          const figure = turns / ((performance.now() - start) / 1_000)
          await system.close()
          return figure
        },
      },
      bounds: [{ name: 'decode and fold', round: () => rate(turns, () => bound.fold()) }],
      close() {
        bound.close()
        folder.remove()
      },
    }
  },
}

interface State {
  readonly turn: number
}

/** Patches of every actor in turn, in blobs of 256. */
class PatchFile {
  readonly #db: ReturnType<typeof connect>
  readonly #actors: number
  readonly #turns: number

  constructor(path: string, actors: number, turns: number) {
    this.#actors = actors
    this.#turns = turns
    this.#db = connect(path)
    this.#db.exec('CREATE TABLE patches (id INTEGER PRIMARY KEY, body BLOB)')
    const insert = this.#db.prepare('INSERT INTO patches (id, body) VALUES (?, ?)')
    const text = 'x'.repeat(textBytes)
    this.#db.begin()
    let open: Uint8Array[] = []
    const flush = (id: number): void => {
      insert.run(id, Buffer.concat(open))
      open = []
    }
    for (let i = 0; i < actors * turns; i += 1) {
      const turn = Math.floor(i / actors) + 1
      const patch = encodeValue([1, ['turn', turn, 'text', text]])
      open.push(Uint8Array.of(patch.length), patch)
      if (i % 256 === 255) flush(i)
    }
    if (open.length > 0) flush(actors * turns)
    this.#db.commit()
  }

  fold(): void {
    const states: unknown[] = Array.from({ length: this.#actors }, () => ({ turn: 0, text: '' }))
    let i = 0
    for (const [body] of this.#db.prepare('SELECT body FROM patches ORDER BY id').iterate()) {
      const bytes = body as Uint8Array
      for (let at = 0; at < bytes.length; i += 1) {
        const end = at + 1 + (bytes[at] ?? 0)
        const patch = decodeValue(bytes.subarray(at + 1, end)) as Parameters<typeof applyPatch>[1]
        const actorNumber = i % this.#actors
        states[actorNumber] = applyPatch(states[actorNumber], patch)
        at = end
      }
    }
    must(i === this.#actors * this.#turns, () => `${i} patches were read`)
    must((states[0] as State).turn === this.#turns, () => 'the bound lost a turn')
  }

  close(): void {
    this.#db.close()
  }
}
