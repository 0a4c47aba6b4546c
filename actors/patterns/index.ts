/**
 * `troupe/patterns`: what production agents are built with, each a small part over actors or plain
 * functions. Loads no library.
 */
import '../../mailbox/supported-node.ts'

export { type Cached, type CacheOptions, type CacheStats, cached } from './cache.ts'
export { canonicalHash, canonicalText } from './canonical.ts'
export { queryKey } from './query.ts'
