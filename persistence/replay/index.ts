/**
 * `troupe/replay`: a recorded history, searched and shown from code, as the `troupe` commands do.
 */
import '../../mailbox/supported-node.ts'

export { type Comparison, compareHistories, isSame } from './compare.ts'
export { type Difference, differences } from './differences.ts'
export { type ExportedRecord, type ExportHead, exportHistory } from './export.ts'
export {
  checkFilter,
  type HistoryFilter,
  type RecordOutcome,
  recordOutcomes,
} from './filter.ts'
export { type FollowOptions, followRecords } from './follow.ts'
export { type Edit, type Forked, type ForkOptions, forkStore } from './fork.ts'
export { type ImportTarget, importHistory } from './import.ts'
export { importFile } from './import-file.ts'
export { causeTree, type MessageTree, resolveId, whyChain } from './lineage.ts'
export {
  type MessageView,
  messageToJson,
  type RecordKindName,
  type RecordView,
  recordToJson,
  viewRecord,
} from './record-view.ts'
export { type RecordedValue, recordedToJson, recordedValue, toJson } from './recorded-value.ts'
export { openRecording, type Recording } from './recording.ts'
export { selectPositions, selectRecords } from './scan.ts'
export { sequenceDiagram } from './sequence.ts'
export { type ActorState, type Blame, blame, type Point, stateAt } from './state-at.ts'
export { type Stand, Walk, type WalkFilter } from './walk.ts'
