/**
 * `troupe/testing`: your actors under test on one thread and a virtual clock, alone
 * ({@link testActor}), together ({@link createTestSystem}), and in many orders ({@link explore}).
 */
import '../../mailbox/supported-node.ts'

export { type Clock, VirtualClock } from '../../mailbox/clock.ts'
export { openMemoryStore } from '../../persistence/memory-store.ts'
export { type Exploration, type ExploreOptions, explore } from './explore.ts'
export type { FailureOrder } from './failures.ts'
export type { MessagePattern, ObservedMessage } from './observed.ts'
export type { Probe, Received } from './probe.ts'
export {
  type RecordedStep,
  type RecordedTimer,
  type TestActor,
  type TestActorOptions,
  type TestTurn,
  testActor,
} from './test-actor.ts'
export { createTestSystem, type TestSystem, type TestSystemOptions } from './test-system.ts'
