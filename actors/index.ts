/**
 * `troupe/contract`: contracts and definitions. Safe to import anywhere: it loads no native code, no
 * worker pool and no store.
 */
export { type Address, formatAddress, parseAddress } from '../mailbox/address.ts'
export type { Clock } from '../mailbox/clock.ts'
export { type ErrorCode, errorCodes, TroupeError, terminal } from '../mailbox/errors.ts'
export type { LaneName, UserLane } from '../mailbox/lane.ts'
export type { MessageId } from '../mailbox/message-id.ts'
export type { TellOutcome } from '../mailbox/outcome.ts'
export type { Encodable } from '../persistence/encodable-types.ts'
export { isSecret, type Secret } from '../persistence/secret.ts'
export {
  type ActorDefinition,
  actor,
  type Behavior,
  type Directive,
  type Needs,
  needs,
  type Retry,
  type Supervision,
} from './actor.ts'
export { type App, app, type HostInfo } from './app.ts'
export type {
  Context,
  EffectOptions,
  Log,
  MessageInfo,
  ReadContext,
  StepInfo,
  TimerSpec,
} from './context.ts'
export { type Contract, contract, type Messages } from './contract.ts'
export { type Message, type MessageVersions, message, stream } from './message.ts'
export type { AddedMetric, Meter, ObservedMetric } from './meter.ts'
export type { Upgrades } from './past.ts'
export type { Ask, Deliver, MessageOptions, Ref, ReplyStream, Stream, Tell } from './ref.ts'
export type { OpenSpan, Span, SpanAttributes, SpanKind } from './span.ts'
export type { Migration } from './versions.ts'
