/**
 * troupe: a durable actor runtime for AI agents, embedded in a Node process. The public entry.
 */
import '../mailbox/supported-node.ts'

export {
  type ActorDefinition,
  type Address,
  type App,
  actor,
  app,
  type Context,
  type Contract,
  contract,
  type Encodable,
  type ErrorCode,
  errorCodes,
  formatAddress,
  type HostInfo,
  isSecret,
  type Log,
  type Message,
  type MessageId,
  type MessageInfo,
  type MessageOptions,
  type Meter,
  message,
  needs,
  type OpenSpan,
  parseAddress,
  type ReadContext,
  type Ref,
  type ReplyStream,
  type Secret,
  type Span,
  type SpanAttributes,
  type SpanKind,
  stream,
  type TellOutcome,
  TroupeError,
  terminal,
} from '../actors/index.ts'

export type { Accounting, ByLane, Waiting } from '../mailbox/accounting.ts'
export type { DeadLetter, DeadLetterReason } from '../mailbox/dead-letter.ts'
export type { FaultPoint, Faults } from '../mailbox/fault-points.ts'
export type { BackupCounts, BackupProgress, Manifest } from '../persistence/backup/index.ts'
export type { KilledActor } from '../persistence/killed-files.ts'
export type { BackupOptions } from './main/backup-plan.ts'
export type { BackupHealth, SystemBackupOptions } from './main/backups.ts'
export type { CloseReport } from './main/close.ts'
export { createSystem } from './main/create-system.ts'
export type { DeadLetterFilter } from './main/dead-letters.ts'
export type { SystemEvent } from './main/events.ts'
export type { Health, HostHealth, UpkeepHealth } from './main/health.ts'
export type { HistoryEntry, HistoryQuery } from './main/history.ts'
export type { SystemOptions } from './main/options.ts'
export type { MissingType } from './main/orphans.ts'
export type { RetentionOptions } from './main/retention-plan.ts'
export type { SecretsOptions } from './main/secrets-plan.ts'
export type { SystemStats } from './main/stats.ts'
export type { Subscription } from './main/subscription.ts'
export type { System } from './main/system.ts'
export type { FlightEntry } from './peer/flight-recorder.ts'
export type { Published } from './peer/topics.ts'
export type { LogLine } from './telemetry/logs/line.ts'
export type { LineStream, LogOptions, PinoLogger, SecretSource } from './telemetry/logs/options.ts'
export type { MetricOptions } from './telemetry/metrics/options.ts'
export { metricsContentType } from './telemetry/metrics/prometheus.ts'
export type { TelemetryOptions } from './telemetry/options.ts'
export type { TraceExporter, TraceOptions } from './telemetry/traces/options.ts'
export type { TraceHealth } from './telemetry/traces/traces.ts'
export type { FaultModule, FaultOptions, FaultThread } from './wire/fault-module.ts'
