/** Every case, by name; a case is loaded only in the process that runs it. */
import type { BenchCase } from '../bench-case.ts'

export const cases: Readonly<Record<string, () => Promise<BenchCase>>> = Object.freeze({
  'tell-local': async () => (await import('./tell-local.ts')).tellLocal,
  'durable-turn': async () => (await import('./durable-turn.ts')).durableTurn,
  'durable-growth': async () => (await import('./durable-growth.ts')).durableGrowth,
  'history-filter': async () => (await import('./history-filter.ts')).historyFilter,
  backup: async () => (await import('./backup.ts')).backup,
  checkpoint: async () => (await import('./checkpoint.ts')).checkpoint,
})
