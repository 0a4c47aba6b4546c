/**
 * Recorded turns run again with their inputs, each compared with its record, beside reading the same
 * records, decoding message and patch and applying it.
 */
import { app } from '../../actors/app.ts'
import { decodeValue } from '../../persistence/codec.ts'
import { isDamage } from '../../persistence/decode.ts'
import type { HistoryReader } from '../../persistence/history-reader.ts'
import { applyPatch, type Patch } from '../../persistence/patch.ts'
import { PartKind, RecordKind } from '../../persistence/record.ts'
import { openRecording } from '../../persistence/replay/recording.ts'
import type { StoredRecord } from '../../persistence/stored.ts'
import { createSystem } from '../../runtime/index.ts'
import { rerun } from '../../runtime/replay/rerun.ts'
import { Account, account } from '../account.ts'
import type { BenchCase } from '../bench-case.ts'
import { TempFolder } from '../temp-folder.ts'
import { must, rate } from '../timing.ts'

const bank = app(import.meta.url, { actors: [account] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default bank

const actors = 1_000
const keys = Array.from({ length: actors }, (_, i) => `k${i}`)

export const rerunCase: BenchCase = {
  name: 'rerun',
  what: 'recorded turns of 1,000 actors run again and compared',
  unit: 'turns/s',
  better: 'higher',
  async prepare(quick) {
    const folder = new TempFolder()
    const file = folder.file('bank.db')
    const turns = await write(file, quick ? 3 : 30)
    const { reader, close } = openRecording(file)
    return {
      ours: {
        name: 'troupe',
        round: () =>
          rate(turns, async () => {
            const report = await rerun(reader, bank)
            must(report.turns === turns, () => `${report.turns} of ${turns} turns were run`)
            must(report.divergences.length === 0, () => JSON.stringify(report.divergences[0]))
          }),
      },
      bounds: [
        {
          name: 'reading, decoding, applying',
          round: () =>
            rate(turns, () => {
              const sum = fold(reader)
              must(sum === turns, () => `${sum} of ${turns} were deposited`)
            }),
        },
      ],
      close() {
        close()
        folder.remove()
      },
    }
  },
}

/** A deposit to each actor, so many times. @returns how many turns that is */
async function write(file: string, batches: number): Promise<number> {
  const system = await createSystem(bank, { workers: 1, store: file, development: false })
  for (let i = 0; i < batches; i += 1) {
    await Promise.all(keys.map((key) => system.ref(Account, key).ask.deposit({ amount: 1 })))
  }
  await system.close()
  return batches * actors
}

/** What every balance comes to. */
function fold(reader: HistoryReader): number {
  const states = new Map<string, unknown>()
  for (let position = 1; position <= reader.position; position += 1) {
    const record = reader.record(position)
    if (record === undefined || isDamage(record)) continue
    const { kind, actor: id, patch, state, parts } = record as StoredRecord
    if (kind !== RecordKind.turn) continue
    for (const part of parts) {
      if (part.kind === PartKind.message && part.message.payload) decodeValue(part.message.payload)
    }
    const base = state === undefined ? states.get(id) : decodeValue(state)
    states.set(id, patch === undefined ? base : applyPatch(base, decodeValue(patch) as Patch))
  }
  let sum = 0
  for (const state of states.values()) sum += (state as { balance: number }).balance
  return sum
}
