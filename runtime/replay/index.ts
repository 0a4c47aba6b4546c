/**
 * `troupe/replay`: a recorded history, searched, shown and run again from code, as the `troupe` commands do.
 */
import '../../mailbox/supported-node.ts'

export { type Comparison, compareHistories, isSame } from '../../persistence/replay/comparison.ts'
export { type Difference, differences } from '../../persistence/replay/differences.ts'
export {
  type ExportedRecord,
  type ExportHead,
  exportHistory,
} from '../../persistence/replay/export.ts'
export {
  checkFilter,
  type HistoryFilter,
  type RecordOutcome,
  recordOutcomes,
} from '../../persistence/replay/filter.ts'
export { type FollowOptions, followRecords } from '../../persistence/replay/follow.ts'
export {
  type Edit,
  type Forked,
  type ForkOptions,
  forkStore,
} from '../../persistence/replay/fork.ts'
export { type ImportTarget, importHistory } from '../../persistence/replay/import.ts'
export { importFile } from '../../persistence/replay/import-file.ts'
export {
  causeTree,
  type MessageTree,
  resolveId,
  whyChain,
} from '../../persistence/replay/lineage.ts'
export { recordDiagram } from '../../persistence/replay/record-diagram.ts'
export {
  type MessageView,
  messageToJson,
  type RecordKindName,
  type RecordView,
  recordToJson,
  viewRecord,
} from '../../persistence/replay/record-view.ts'
export {
  type RecordedValue,
  recordedToJson,
  recordedValue,
  toJson,
} from '../../persistence/replay/recorded-value.ts'
export {
  openRecording,
  type Recording,
  type RecordingOptions,
} from '../../persistence/replay/recording.ts'
export { selectPositions, selectRecords } from '../../persistence/replay/scan.ts'
export {
  type ActorState,
  type Blame,
  blame,
  type Point,
  stateAt,
} from '../../persistence/replay/state-at.ts'
export { type Stand, Walk, type WalkFilter } from '../../persistence/replay/walk.ts'
export { type CheckOptions, type CheckReport, checkStore } from './check.ts'
export type { Divergence } from './divergence.ts'
export type { Finding, FindingKind } from './findings.ts'
export { type OpenFork, type OpenForkOptions, openFork } from './open-fork.ts'
export type { OtherVersion } from './other-versions.ts'
export { type RerunOptions, type RerunReport, rerun } from './rerun.ts'
export type { RerunnerOptions, RerunOutcome } from './rerunner.ts'
export type { StepChoice, StepCounts } from './step-choices.ts'
export type { TurnDifference } from './turn-difference.ts'
