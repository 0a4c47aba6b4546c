/**
 * `troupe/persistence`: the store's port and its engines, the record format, and how a history is
 * read back. For tools that work on a store without running actors.
 */
import '../mailbox/supported-node.ts'

export {
  type BackupCounts,
  type BackupOptions,
  type BackupProgress,
  type Manifest,
  type Pruned,
  pruneBackups,
  type Restored,
  type RestoreOptions,
  restoreBackup,
  takeBackup,
  type Verdict,
  type VerifyOptions,
  verifyBackup,
  verifyBackups,
} from './backup/index.ts'
export { decodeValue, encodeValue } from './codec.ts'
export { type FoldedState, foldChain } from './fold.ts'
export { openMemoryStore } from './memory-store.ts'
export { applyPatch, type Patch, patchPaths } from './patch.ts'
export { type MessageRef, PartFlag, PartKind, RecordFlag, RecordKind } from './record.ts'
export { type Frame, SegmentBuilder } from './segment.ts'
export { FullTextIndex } from './sqlite/full-text-index.ts'
export type {
  ChunkMatch,
  ChunkRecord,
  FileRecord,
  FullTextIndexOptions,
  IndexedFile,
} from './sqlite/full-text-records.ts'
export {
  openSqliteReader,
  openSqliteStore,
  type SqliteReader,
  type SqliteStoreOptions,
} from './sqlite/sqlite-store.ts'
export type { Ack, Outcome, Refusal, Store, StoreReader, StoreStats, Tail } from './store.ts'
export type {
  Damage,
  LoadedActor,
  Snapshot,
  StoredMessage,
  StoredPart,
  StoredRecord,
  StoredSegment,
} from './stored.ts'
export { checkPattern, checkTopic, matchesTopic } from './topic.ts'
