/**
 * `troupe/patterns`: what production agents are built with, each a small part over actors or plain
 * functions. Loads no library.
 */
import '../../mailbox/supported-node.ts'

export { type Cached, type CacheOptions, type CacheStats, cached } from './cache.ts'
export { canonicalHash, canonicalText } from './canonical.ts'
export { type Coordinator, type CoordinatorParts, coordinator } from './coordinator.ts'
export {
  type EventSource,
  type EventsOptions,
  events,
  type RecordedEvent,
  type TopicEvent,
} from './events.ts'
export type {
  GraphMessages,
  GraphProgress,
  GraphStatus,
  Submission,
  TaskMessages,
  TaskWork,
} from './graph-messages.ts'
export { type GuardOptions, guarded } from './guarded.ts'
export type { BucketRule } from './limits/bucket.ts'
export {
  LocalLimiter,
  type RateLimiter,
  type Reservation,
  rateLimiter,
  type WaitOptions,
} from './limits/limiter.ts'
export { Limits, type LimitsOptions, limits } from './limits/limits.ts'
export type { LimitRequest, LimitRules, Rates } from './limits/rules.ts'
export { type LimitDeps, limitTurn, type TakeReply, type Taking } from './limits/turn.ts'
export {
  type CallFailure,
  type CallLimits,
  type Needed,
  type Orchestrated,
  type OrchestrateOptions,
  orchestrate,
} from './orchestrate.ts'
export {
  type Basis,
  type Pipeline,
  type PipelineParts,
  pipeline,
  type StageCalls,
  type StageTaken,
} from './pipeline.ts'
export { queryKey } from './query.ts'
export type { AnyStage, Stage, StageContext } from './stage.ts'
export type { EntryMessages, KeptEntry, Look, ShelfMessages } from './stage-contracts.ts'
export type { TaskContext, TaskKind } from './task-actor.ts'
export type { GraphResult, TaskError, TaskSpec, TaskState } from './task-graph.ts'
