/**
 * `FILE-killed/`: the actors that were killed by command, a file each. A folder, so that a command line
 * can kill while a system has the store open, and neither reads what the other writes.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/** One of them. */
export interface KilledActor {
  /** `type/key`. */
  readonly actor: string
  /** Wall time in ms. */
  readonly at: number
  readonly reason?: string
}

export const killedFolder = (file: string): string => `${file}-killed`

/** Those that can be read, oldest first. */
export function readKilled(file: string): readonly KilledActor[] {
  const folder = killedFolder(file)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => readOne(join(folder, name)))
    .sort((a, b) => a.at - b.at)
}

/** A file that was just removed, or that is none of ours. */
function readOne(path: string): readonly KilledActor[] {
  try {
    const parsed = JSON.parse(readFileSync(path, 'utf8')) as Partial<KilledActor>
    const isOurs = typeof parsed.actor === 'string' && typeof parsed.at === 'number'
    return isOurs ? [parsed as KilledActor] : []
  } catch {
    return []
  }
}

/** On disk when it returns. */
export function writeKilled(file: string, killed: KilledActor): void {
  const path = pathOf(file, killed.actor)
  mkdirSync(killedFolder(file), { recursive: true })
  const descriptor = openSync(`${path}.new`, 'w')
  try {
    writeSync(descriptor, JSON.stringify(killed))
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(`${path}.new`, path)
  syncFolder(killedFolder(file))
}

/** False when it was not there. */
export function removeKilled(file: string, actor: string): boolean {
  const path = pathOf(file, actor)
  const isThere = existsSync(path)
  rmSync(path, { force: true })
  return isThere
}

/** Where a folder can be synced: its entry is then as safe as the file. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

const pathOf = (file: string, actor: string): string =>
  join(killedFolder(file), `${createHash('sha256').update(actor).digest('hex').slice(0, 32)}.json`)
