/**
 * Boot of a store with 100,000 passive actors (2,000 with --quick) and a checkpoint of them: from the
 * opening of the file until one of them has answered. None but that one is activated. Beside it: reading
 * the file, and the same boot with a hundredth of the actors.
 */
import { copyFileSync, readFileSync, statSync } from 'node:fs'
import { createSystem } from '../../runtime/index.ts'
import { AccountTurns } from '../accounts-store.ts'
import type { BenchCase, Contestant } from '../bench-case.ts'
import { TempFolder } from '../temp-folder.ts'
import { must } from '../timing.ts'
import bank, { Account } from './recover.ts'

export const boot: BenchCase = {
  name: 'boot',
  what: 'opening a store of 100,000 passive actors until one of them answers',
  unit: 'ms',
  better: 'lower',
  async prepare(quick) {
    const folder = new TempFolder()
    const actors = quick ? 2_000 : 100_000
    const many = await storeOf(folder.file('many.db'), actors)
    const few = await storeOf(folder.file('few.db'), actors / 100)
    return {
      ours: booting('troupe', many, folder.file('a.db')),
      others: [booting(`troupe, ${actors / 100} actors`, few, folder.file('b.db'))],
      bounds: [
        {
          name: 'reading the file',
          round() {
            const start = performance.now()
            const { length } = readFileSync(many)
            must(length === statSync(many).size, () => `${length} bytes were read`)
            return performance.now() - start
          },
        },
      ],
      close: () => folder.remove(),
    }
  },
}

/** Closed in order, as a system leaves it: with a checkpoint. */
async function storeOf(path: string, actors: number): Promise<string> {
  const writer = new AccountTurns(path)
  writer.write(actors, 20)
  writer.store.close()
  const system = await createSystem(bank, { workers: 0, store: path, development: false })
  await system.close()
  return path
}

function booting(name: string, file: string, copy: string): Contestant {
  return {
    name,
    async round() {
      copyFileSync(file, copy)
      const start = performance.now()
      const system = await createSystem(bank, { workers: 1, store: copy, development: false })
      const turn = await system.ref(Account, '7').ask.turn()
      const figure = performance.now() - start
      must(turn === 1, () => `account 7 is at turn ${turn}`)
      const { rss } = process.memoryUsage()
      await system.close()
      return { figure, facts: { 'MB of the process': rss / 1e6 } }
    },
  }
}
