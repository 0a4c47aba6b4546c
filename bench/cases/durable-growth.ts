/**
 * What a turn costs as the state grows (D3): one entry appended to a list of 100, 1,000, 10,000 and
 * 100,000, on the recorded draft, patch encoded and applied. Ours is the largest; it should cost no
 * more than 1.5 times the smallest.
 */
import { createDraft } from '../../actors/draft/draft.ts'
import { encodeValue } from '../../persistence/codec.ts'
import { applyPatch } from '../../persistence/patch.ts'
import type { BenchCase, Contestant } from '../bench-case.ts'

interface State {
  entries: { at: number; text: string }[]
}

export const durableGrowth: BenchCase = {
  name: 'durable-growth',
  what: 'appending one entry to a durable state of 100,000, against one of 100',
  unit: 'microseconds/turn',
  better: 'lower',
  prepare(quick) {
    const turns = quick ? 200 : 5_000
    const of = (size: number): Contestant => appender(size, turns)
    return { ours: of(100_000), bounds: [of(100)], others: [of(1_000), of(10_000)] }
  },
}

function appender(size: number, turns: number): Contestant {
  return {
    name: `state of ${size}`,
    round() {
      let state: State = {
        entries: Array.from({ length: size }, (_, at) => ({ at, text: `entry ${at}` })),
      }
      let bytes = 0
      const start = performance.now()
      for (let turn = 0; turn < turns; turn += 1) {
        const draft = createDraft(state)
        draft.state.entries.push({ at: turn, text: 'a new entry' })
        const patch = draft.finish()
        bytes += encodeValue(patch).byteLength
        state = applyPatch(state, patch) as State
        draft.revoke()
      }
      const micros = ((performance.now() - start) * 1_000) / turns
      if (state.entries.length !== size + turns) throw new Error('entries were lost')
      if (bytes / turns > 100) throw new Error(`a turn of ${bytes / turns} bytes copies its state`)
      return micros
    },
  }
}
