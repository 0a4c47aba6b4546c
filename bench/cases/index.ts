/** Every case, by name; a case is loaded only in the process that runs it. */
import type { BenchCase } from '../bench-case.ts'

export const cases: Readonly<Record<string, () => Promise<BenchCase>>> = Object.freeze({
  'durable-turn': async () => (await import('./durable-turn.ts')).durableTurn,
  'durable-latency': async () => (await import('./durable-latency.ts')).durableLatency,
  'durable-growth': async () => (await import('./durable-growth.ts')).durableGrowth,
  recover: async () => (await import('./recover.ts')).recover,
  'tell-remote': async () => (await import('./tell-remote.ts')).tellRemote,
  'big-remote': async () => (await import('./big-remote.ts')).bigRemote,
  'ask-remote': async () => (await import('./ask-remote.ts')).askRemote,
  'fan-out': async () => (await import('./fan-out.ts')).fanOut,
  priority: async () => (await import('./priority.ts')).priority,
  'main-loop': async () => (await import('./main-loop.ts')).mainLoop,
  parallel: async () => (await import('./parallel.ts')).parallel,
  'many-agents': async () => (await import('./many-agents.ts')).manyAgents,
  record: async () => (await import('./record.ts')).record,
  idle: async () => (await import('./idle.ts')).idle,
  'tell-local': async () => (await import('./tell-local.ts')).tellLocal,
  'ping-pong-local': async () => (await import('./ping-pong-local.ts')).pingPongLocal,
  'ask-local': async () => (await import('./ask-local.ts')).askLocal,
  spawn: async () => (await import('./spawn.ts')).spawn,
  'savina-threadring': async () => (await import('./savina-threadring.ts')).savinaThreadring,
  'savina-big': async () => (await import('./savina-big.ts')).savinaBig,
  'savina-bounded-buffer': async () =>
    (await import('./savina-bounded-buffer.ts')).savinaBoundedBuffer,
  'savina-banking': async () => (await import('./savina-banking.ts')).savinaBanking,
  'savina-philosophers': async () => (await import('./savina-philosophers.ts')).savinaPhilosophers,
  'savina-astar': async () => (await import('./savina-astar.ts')).savinaAstar,
  'history-filter': async () => (await import('./history-filter.ts')).historyFilter,
  rerun: async () => (await import('./rerun.ts')).rerunCase,
  backup: async () => (await import('./backup.ts')).backup,
  checkpoint: async () => (await import('./checkpoint.ts')).checkpoint,
})
