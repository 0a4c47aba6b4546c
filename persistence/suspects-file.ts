/**
 * `FILE-suspects`: what was in hand at unclean ends, with the number of starts, until it ended well
 * (F3). Written whole beside the old one and moved over it, so that it is always one or the other.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type InHand, readHand } from './hand-file.ts'

/** One that did not end, with its names where they are known. */
export interface Suspect extends InHand {
  /** `type/key`; known from when it was quarantined. */
  readonly address?: string
  readonly timer?: string
}

/** An activation or a timer that is not started any more. */
export interface Quarantined {
  /** `type/key`. */
  readonly actor: string
  /** The timer; absent when the activation itself kills. */
  readonly timer?: string
}

/** An unreadable file holds no suspects: their counts begin again, which costs a start or two. */
export function readSuspects(file: string): readonly Suspect[] {
  try {
    const parsed: unknown = JSON.parse(readFileSync(`${file}-suspects`, 'utf8'))
    return Array.isArray(parsed) ? parsed.filter(isSuspect) : []
  } catch {
    return []
  }
}

/** @param synced false where the death of the process is all it has to survive */
export function writeSuspects(file: string, suspects: readonly Suspect[], synced: boolean): void {
  const path = `${file}-suspects`
  if (suspects.length === 0 || !existsSync(dirname(file))) return rmSync(path, { force: true })
  const descriptor = openSync(`${path}.new`, 'w')
  try {
    writeSync(descriptor, JSON.stringify(suspects))
    if (synced) fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(`${path}.new`, path)
}

/** What all threads of the last process had in hand when it died. */
export function readHands(file: string): readonly InHand[] {
  return handFiles(file).flatMap((path) => readHand(readFileSync(path)))
}

export function removeHands(file: string): void {
  for (const path of handFiles(file)) rmSync(path, { force: true })
}

function handFiles(file: string): string[] {
  const start = `${basename(file)}-hand-`
  const folder = dirname(file)
  // Whoever removed the folder with the store left nothing to read.
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.startsWith(start))
    .map((name) => join(folder, name))
}

function isSuspect(value: unknown): value is Suspect {
  if (typeof value !== 'object' || value === null) return false
  const { position, index, starts, actor } = value as Partial<Record<keyof InHand, unknown>>
  return [position, index, starts, actor].every((number) => typeof number === 'number')
}
