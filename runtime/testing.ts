/**
 * `troupe/testing`: systems on one thread under a virtual clock, for tests of your own actors.
 */
import '../mailbox/supported-node.ts'

export { type Clock, VirtualClock } from '../mailbox/clock.ts'
export { openMemoryStore } from '../persistence/memory-store.ts'
export { createTestSystem, type TestSystem, type TestSystemOptions } from './test-system.ts'
