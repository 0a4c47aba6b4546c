/**
 * Removes old backups. Only those that verify count, and whatever is not older than the oldest one
 * kept stays: with fewer good ones than asked for, nothing is removed.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { syncFolder } from './files.ts'
import { backupOf, filesIn, finishedIn, namesIn } from './manifest.ts'
import { type VerifyOptions, verifyBackup } from './verify.ts'

/** What `pruneBackups` kept and removed. */
export interface Pruned {
  /** Verified, newest first. */
  readonly kept: readonly string[]
  /** Finished, newer than the oldest one kept, and not good: they did not count. */
  readonly bad: readonly string[]
  readonly removed: readonly string[]
}

/**
 * Removes old backups of a folder. Only those that verify are counted, and the last good one stays.
 * @param keep at least 1
 */
export async function pruneBackups(
  folder: string,
  keep: number,
  options: VerifyOptions = {},
): Promise<Pruned> {
  const kept: string[] = []
  const bad: string[] = []
  for (const name of finishedIn(folder).reverse()) {
    if (kept.length === keep) break
    const { ok } = await verifyBackup(folder, name, options)
    if (ok) kept.push(name)
    else bad.push(name)
  }
  const oldest = kept.length < keep ? undefined : kept.at(-1)
  const removed = oldest === undefined ? [] : namesIn(folder).filter((name) => name < oldest)
  for (const name of removed) remove(folder, name)
  if (removed.length > 0) syncFolder(folder)
  return { kept, bad: bad.filter((name) => !removed.includes(name)), removed }
}

/** The manifest first: what is left after a death in between counts for nothing. */
function remove(folder: string, name: string): void {
  const files = filesIn(folder).filter((file) => backupOf(file) === name)
  const byManifest = files.sort((a, b) => Number(b.endsWith('.json')) - Number(a.endsWith('.json')))
  for (const file of byManifest) rmSync(join(folder, file), { force: true })
}
