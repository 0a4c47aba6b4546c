/** Backups of a store file: taking, proving, restoring, pruning. */
export type { BackupProgress, Examined } from './examine.ts'
export type { BackupCounts, Manifest } from './manifest.ts'
export { type Pruned, pruneBackups } from './prune.ts'
export { type Restored, type RestoreOptions, restoreBackup } from './restore.ts'
export { type BackupOptions, takeBackup } from './take.ts'
export { type Verdict, type VerifyOptions, verifyBackup, verifyBackups } from './verify.ts'
