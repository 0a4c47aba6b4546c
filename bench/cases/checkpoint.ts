/**
 * A checkpoint of 100,000 actors (2,000 with --quick) while turns are committed: the longest that a
 * commit, and so any host that waits for one, is held up by a piece of it. Beside it the longest commit
 * without one. Hosts themselves are stopped by neither (D7).
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ArchiveSink, Archivist } from '../../persistence/archivist.ts'
import { openSqliteReader } from '../../persistence/sqlite/sqlite-store.ts'
import { AccountTurns } from '../accounts-store.ts'
import type { BenchCase } from '../bench-case.ts'

export const checkpoint: BenchCase = {
  name: 'checkpoint',
  what: 'longest hold-up of a commit of 256 turns by a checkpoint of 100,000 actors',
  unit: 'ms',
  better: 'lower',
  prepare(quick) {
    const actors = quick ? 2_000 : 100_000
    const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'))
    const file = join(folder, 'a.db')
    const turns = new AccountTurns(file)
    turns.write(actors, 20)
    return {
      ours: {
        name: 'commits with a checkpoint',
        async round() {
          // Every actor has news, so that every row is in the checkpoint.
          turns.write(actors, 20)
          let longest = 0
          let chunks = 0
          const sink: ArchiveSink = {
            writeSnapshots: (all) => turns.store.writeSnapshots(all),
            writeCheckpoint: (chunk) => {
              chunks += 1
              const took = timed(() => {
                turns.store.writeCheckpoint(chunk)
                turns.write(256, 20)
              })
              longest = Math.max(longest, took)
            },
            dropSegments: () => undefined,
          }
          const reader = openSqliteReader(file)
          const archivist = new Archivist(reader.medium, sink)
          await archivist.writeCheckpoint()
          const [newest] = reader.medium.checkpoints()
          reader.close()
          if (newest?.position !== archivist.position) throw new Error('no checkpoint was written')
          if (chunks < actors / 1_024) throw new Error(`only ${chunks} chunks`)
          return longest
        },
      },
      bounds: [
        {
          name: 'commits without',
          round() {
            let longest = 0
            for (let i = 0; i < 100; i += 1) {
              longest = Math.max(
                longest,
                timed(() => turns.write(256, 20)),
              )
            }
            return longest
          },
        },
      ],
      close: () => {
        turns.store.close()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  },
}

function timed(work: () => void): number {
  const start = performance.now()
  work()
  return performance.now() - start
}
